"""How a translation becomes durable: complaints by the one acceptance, the rest set aside."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request

from tocsin_intake.acceptance.accepting import Accepting
from tocsin_intake.acceptance.answers import ReferenceReused
from tocsin_intake.adapters.payloads import Change, Translation, Unknown
from tocsin_intake.dialogue.following import Followed, Following, Said
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.quarantine.service import Quarantine
from tocsin_intake.schemas import AcceptanceStatus, ComplaintReceipt, ComplaintSubmission

CHANGED = "changed {}"
"""Beside its reference, what names a complaint that came as a change: its first form may follow."""


@dataclass
class Taken:
    """What became of a translation."""

    receipts: list[ComplaintReceipt] = field(default_factory=list[ComplaintReceipt])
    aside: list[Unknown] = field(default_factory=list[Unknown])
    """Understood, and not to be stored as it is."""


class Receiving:
    """Takes what adapters translated; returns once all of it is stored."""

    def __init__(self, accepting: Accepting, quarantine: Quarantine, following: Following) -> None:
        self._accepting = accepting
        self.quarantine = quarantine
        self._following = following

    async def take(self, hotline: Hotline, translation: Translation) -> list[ComplaintReceipt]:
        """Store every complaint and change, and keep what was not understood.

        Raises:
            Overloaded: send it again; what is stored already is answered as a repeat.
        """
        await self._keep(hotline, translation.unknown)
        taken = await self.accept(hotline, translation)
        await self._keep(hotline, taken.aside)
        return taken.receipts

    async def accept(self, hotline: Hotline, translation: Translation) -> Taken:
        """Store every complaint, and then what changes some of them, in order."""
        complaints = (self._one(hotline, one) for one in translation.complaints)
        taken = Taken(receipts=await asyncio.gather(*complaints))
        for change in translation.changes:
            await self._change(hotline, change, taken)
        return taken

    async def _keep(self, hotline: Hotline, unknown: Sequence[Unknown]) -> None:
        parts = [(one.reason, one.payload.model_dump_json()) for one in unknown]
        await self.quarantine.keep(hotline, parts)

    async def _one(self, hotline: Hotline, complaint: ComplaintSubmission) -> ComplaintReceipt:
        """Accept one; the same id with other contents is another complaint, never an error.

        The system that sent it could do nothing about an error, and would drop it.
        """
        try:
            return await self._accepting.receipt_for(hotline, complaint, None)
        except ReferenceReused:
            return await self._first_form(hotline, complaint) or await self._another(
                hotline, complaint
            )

    async def _first_form(
        self, hotline: Hotline, complaint: ComplaintSubmission
    ) -> ComplaintReceipt | None:
        """What was changed before it came: it follows its change."""
        ref = complaint.external_ref or ""
        of = CHANGED.format(ref)
        said = Said(ref, complaint.words, complaint.media)
        followed = await self._following.add(hotline, ("idempotency-key", of), said)
        return _known(followed) if followed and not followed.closed else None

    async def _another(self, hotline: Hotline, complaint: ComplaintSubmission) -> ComplaintReceipt:
        digest = sha256(complaint.model_dump_json().encode()).hexdigest()
        plain = complaint.model_copy(update={"external_ref": None})
        return await self._accepting.receipt_for(hotline, plain, f"other contents {digest}")

    async def _change(self, hotline: Hotline, change: Change, taken: Taken) -> None:
        """Let a change follow its complaint, or be one; what can be neither is set aside."""
        receipt, new = await self._alone(hotline, change)
        says_no_more = receipt and (new or change.part or not change.words)
        followed = (
            None
            if says_no_more
            else await self._following.add(
                hotline,
                ("external_ref", change.of),
                _said(change),
                after_others=receipt is not None,
            )
        )
        if followed and followed.closed:
            taken.aside.append(Unknown("nothing_more", change.payload))
        elif receipt:
            taken.receipts.append(receipt)
        elif followed:
            taken.receipts.append(_known(followed))
        elif change.alone:  # of an informational call nothing is kept that it could follow
            taken.receipts.append(await self._another(hotline, change.alone))
        else:
            taken.aside.append(Unknown("changes_nothing_known", change.payload))

    async def _alone(
        self, hotline: Hotline, change: Change
    ) -> tuple[ComplaintReceipt | None, bool]:
        """The complaint that says just this, and whether it is new; `None`: there is another."""
        if not change.alone:
            return None, False
        key = CHANGED.format(change.of)
        try:
            return await self._accepting.outcome_for(hotline, change.alone, key)
        except ReferenceReused:
            return None, False


def _said(change: Change) -> Said:
    if change.alone is None or not (change.words or change.part):
        return Said(change.own, change.words)
    consent = None if change.part else change.alone.consent
    return Said(change.own, change.words, change.alone.media, consent)


def _known(followed: Followed) -> ComplaintReceipt:
    return ComplaintReceipt(
        complaint_id=followed.complaint_id, status=AcceptanceStatus.ALREADY_RECEIVED
    )


async def _receiving(request: Request) -> Receiving:
    return request.app.state.receiving


Receives = Annotated[Receiving, Depends(_receiving)]
