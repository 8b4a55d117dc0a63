"""The hotline's edge to the dialogue: it adds words, and passes on that a message waits."""

from typing import Annotated

import asyncpg
from fastapi import APIRouter, Query, Request

from tocsin_common.database import Session, driver
from tocsin_common.problems import Conflict, NotFound
from tocsin_contracts.events.complaints import Author
from tocsin_intake.acceptance.references import reference
from tocsin_intake.auth import Hotline, LiveHotline
from tocsin_intake.dialogue import named, phrases, service
from tocsin_intake.dialogue.schemas import (
    HotlineMessage,
    MessageStored,
    TheyWereTold,
    WaitingReplies,
    WaitingReply,
)
from tocsin_intake.dialogue.service import Counter

router = APIRouter(prefix="/v1", tags=["hotlines"])

_WAITING = """
select r.complaint_id, r.due_since, c.facts ->> 'language' as language
from reply_due r join complaint c on c.id = r.complaint_id
where r.integration_id = $1 order by r.due_since limit $2
"""
_TOLD = "delete from reply_due where integration_id = $1 and complaint_id = any($2::uuid[])"


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


@router.get("/replies-waiting")
async def list_waiting_replies(
    hotline: LiveHotline, session: Session, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> WaitingReplies:
    """List the complaints whose workers may be told that a message waits; not what it says."""
    connection = await driver(await session.connection())
    rows = await connection.fetch(_WAITING, hotline.integration_id, limit)
    return WaitingReplies(data=[_waiting(row) for row in rows])


@router.post("/replies-waiting/told", status_code=204)
async def workers_were_told(told: TheyWereTold, hotline: LiveHotline, session: Session) -> None:
    """Take complaints off that list, once their workers know."""
    connection = await driver(await session.connection())
    await connection.execute(_TOLD, hotline.integration_id, told.complaint_ids)


def _waiting(row: asyncpg.Record) -> WaitingReply:
    language = phrases.language_of(row["language"])
    return WaitingReply(
        complaint_id=row["complaint_id"],
        since=row["due_since"],
        language=language,
        text=phrases.phrase(language, "waiting"),
    )
