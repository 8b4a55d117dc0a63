"""The worker's edge: receipts come in the body, never in an address, and no cookie is set."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import Database
from tocsin_intake.dialogue import phrases, service
from tocsin_intake.dialogue.guesses import Guesses
from tocsin_intake.dialogue.schemas import (
    Back,
    ConsentShown,
    ConsentWanted,
    MessageShown,
    MessageWritten,
    Shown,
)
from tocsin_intake.dialogue.service import Counter, Outcome
from tocsin_intake.links import OWN_NUMBER, each, links

NO_SOONER = 0.15  # seconds: what a receipt led to must not show in how long the answer took

router = APIRouter(prefix="/v1/receipts", tags=["workers"])

Work = Callable[[AsyncConnection, Counter], Awaitable[Outcome]]


class Window:
    """Where a worker comes to: one request, whose answer tells nothing by its time or size."""

    def __init__(self, request: Request) -> None:
        self._database: Database = request.app.state.database
        self._guesses: Guesses = request.app.state.guesses
        self._counter: Counter = request.app.state.counter
        self._address = request.client.host if request.client else ""

    async def serve(self, shown: Shown, work: Work) -> Back:
        """Do what the bearer of a receipt asks for.

        Raises:
            Slower: too many wrong numbers came from there.
        """
        started = time.monotonic()
        self._guesses.check(self._address, started)
        async with self._database.begin() as tx:
            outcome = await work(tx, self._counter)
        if outcome.found is None:
            self._guesses.missed(self._address, started)
        await asyncio.sleep(max(0.0, started + NO_SOONER - time.monotonic()))
        return back(outcome, shown.language)


AtTheWindow = Annotated[Window, Depends(Window)]


@router.post("/open")
async def open_receipt(shown: Shown, window: AtTheWindow) -> Back:
    """Show where a complaint stands; with one's own number and PIN, its messages as well."""
    return await window.serve(shown, lambda tx, at: service.look(tx, at, shown.receipt, shown.pin))


@router.post("/messages")
async def write_message(said: MessageWritten, window: AtTheWindow) -> Back:
    """Add words to a complaint; they are stored for good when this says that it is done."""
    return await window.serve(
        said,
        lambda tx, at: service.write(tx, at, said.receipt, said.pin, said.words, said.reference),
    )


@router.post("/consent")
async def change_consent(wanted: ConsentWanted, window: AtTheWindow) -> Back:
    """Agree to less, or with one's own number and PIN to more."""
    return await window.serve(
        wanted,
        lambda tx, at: service.agree(
            tx,
            at,
            wanted.receipt,
            wanted.pin,
            share=wanted.share,
            supplier_contact=wanted.supplier_contact,
            contact_me=wanted.contact_me,
            contact=wanted.contact,
        ),
    )


@router.post("/withdraw")
async def withdraw_complaint(shown: Shown, window: AtTheWindow) -> Back:
    """Take a complaint back: from now on it contributes to nothing that is told."""
    return await window.serve(
        shown, lambda tx, at: service.withdraw(tx, at, shown.receipt, shown.pin)
    )


@router.post("/erase")
async def erase_by_receipt(shown: Shown, window: AtTheWindow) -> Back:
    """Erase a complaint for good, with one's own number and PIN: a certificate is all that stays.

    It names the day from which on no backup holds it either.
    """
    return await window.serve(shown, lambda tx, at: service.erase(tx, at, shown.receipt, shown.pin))


@router.post(
    "/renew",
    responses=links(
        200, **each("open_receipt change_consent withdraw_complaint erase_by_receipt", OWN_NUMBER)
    ),
)
async def renew_receipt(shown: Shown, window: AtTheWindow) -> Back:
    """Get a number and a PIN that nobody else has seen. They are shown once."""
    return await window.serve(shown, lambda tx, at: service.renew(tx, at, shown.receipt))


def back(outcome: Outcome, wanted: str | None) -> Back:
    """Say what came of it, in the worker's language."""
    found = outcome.found
    language = phrases.language_of(wanted, found.language if found else None)
    if found is None:
        text = phrases.phrase(language, "unknown")
        return Back(text=text, language=language, hint="").padded()
    hint = ""
    if outcome.needs_own_number:
        hint = "own_number_needed"
    elif not outcome.done:
        hint = "not_possible"
    elif not found.renewed:
        hint = "own_number_offered"
    return Back(
        known=True,
        done=outcome.done,
        status=found.status,
        text=phrases.phrase(language, found.status),
        hint=phrases.phrase(language, hint) if hint else "",
        language=language,
        received_on=found.received_at.date(),
        acknowledged_on=found.acknowledged_at.date() if found.acknowledged_at else None,
        consent=ConsentShown(
            share=found.agreed.share,
            supplier_contact=found.agreed.supplier_contact,
            contact_me=found.agreed.contact_me,
        ),
        messages=[
            MessageShown(author=one.author, written_on=one.written_at.date(), words=one.words)
            for one in outcome.messages
        ],
        messages_there=found.messages,
        own_number=found.own,
        new_receipt=outcome.new_receipt,
        new_pin=outcome.new_pin,
        certificate=outcome.certificate,
    ).padded()
