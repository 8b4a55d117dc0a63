"""The hotline's edge to the dialogue: it adds words."""

from fastapi import APIRouter, Request

from tocsin_common.database import Session
from tocsin_common.problems import Conflict, NotFound
from tocsin_contracts.events.complaints import Author
from tocsin_intake.acceptance.references import reference
from tocsin_intake.auth import Hotline
from tocsin_intake.dialogue import named, service
from tocsin_intake.dialogue.schemas import (
    HotlineMessage,
    MessageStored,
)
from tocsin_intake.dialogue.service import Counter

router = APIRouter(prefix="/v1", tags=["hotlines"])


class NothingMore(Conflict):
    """The complaint takes no more messages."""

    code = "nothing_more"
    detail = "This complaint was taken back, or has as many messages as it may have."


@router.post("/complaints/messages", status_code=201)
async def add_to_complaint(
    said: HotlineMessage, hotline: Hotline, session: Session, request: Request
) -> MessageStored:
    """Add words to a complaint, known by the hotline's own reference. Nothing can be read by it.

    Also for a worker who has lost the receipt.
    """
    at: Counter = request.app.state.counter
    tx = await session.connection()
    name = reference(at.hash_key, hotline, "external_ref", said.external_ref)
    found = await named.find(tx, name, hotline.integration_id)
    if found is None:
        raise NotFound
    if found.closed:
        raise NothingMore
    message_id = await service.add_message(
        tx,
        at.hash_key,
        at.vault.compartment(found.complaint_id, found.wrapped),
        Author.HOTLINE,
        said.words,
        said.reference,
        told=not found.test,
    )
    return MessageStored(message_id=message_id)
