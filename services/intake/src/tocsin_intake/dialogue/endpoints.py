"""The worker's edge: receipts come in the body, never in an address, and no cookie is set."""

from typing import Annotated

from fastapi import APIRouter, Depends

from tocsin_intake.dialogue import wishes
from tocsin_intake.dialogue.answers import back
from tocsin_intake.dialogue.schemas import Back, ConsentWanted, MessageWritten, Shown
from tocsin_intake.dialogue.window import Window, Work
from tocsin_intake.links import OWN_NUMBER, each, links

router = APIRouter(prefix="/v1/receipts", tags=["workers"])

AtTheWindow = Annotated[Window, Depends(Window)]


@router.post("/open")
async def open_receipt(shown: Shown, window: AtTheWindow) -> Back:
    """Show where a complaint stands; with one's own number and PIN, its messages as well."""
    return await _answered(window, shown, wishes.to_look(shown))


@router.post("/messages")
async def write_message(said: MessageWritten, window: AtTheWindow) -> Back:
    """Add words to a complaint; they are stored for good when this says that it is done."""
    return await _answered(window, said, wishes.to_write(said))


@router.post("/consent")
async def change_consent(wanted: ConsentWanted, window: AtTheWindow) -> Back:
    """Agree to less, or with one's own number and PIN to more."""
    return await _answered(window, wanted, wishes.to_agree(wanted))


@router.post("/withdraw")
async def withdraw_complaint(shown: Shown, window: AtTheWindow) -> Back:
    """Take a complaint back: from now on it contributes to nothing that is told."""
    return await _answered(window, shown, wishes.to_withdraw(shown))


@router.post("/erase")
async def erase_by_receipt(shown: Shown, window: AtTheWindow) -> Back:
    """Erase a complaint for good, with one's own number and PIN: a certificate is all that stays.

    It names the day from which on no backup holds it either.
    """
    return await _answered(window, shown, wishes.to_erase(shown))


@router.post(
    "/renew",
    responses=links(
        200, **each("open_receipt change_consent withdraw_complaint erase_by_receipt", OWN_NUMBER)
    ),
)
async def renew_receipt(shown: Shown, window: AtTheWindow) -> Back:
    """Get a number and a PIN that nobody else has seen. They are shown once."""
    return await _answered(window, shown, wishes.to_renew(shown))


async def _answered(window: Window, shown: Shown, work: Work) -> Back:
    return await window.serve(work, lambda outcome: back(outcome, shown.language).padded())
