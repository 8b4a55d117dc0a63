"""The hotline's edge to notices: whom it tells itself that a message waits."""

from typing import Annotated

import asyncpg
from fastapi import APIRouter, Query

from tocsin_common.database import Session, driver
from tocsin_intake.auth import LiveHotline
from tocsin_intake.integrations import Hotline as CallingHotline
from tocsin_intake.notices.outcomes import State
from tocsin_intake.notices.schemas import TheyWereTold, WaitingReplies, WaitingReply
from tocsin_intake.notices.texts import text_for

router = APIRouter(prefix="/v1/replies-waiting", tags=["hotlines"])

_WAITING = """
select r.complaint_id, r.due_since, r.state, r.reason, c.facts ->> 'language' as language
from reply_due r join complaint c on c.id = r.complaint_id
where r.integration_id = $1 and r.state = any($2::text[]) order by r.due_since limit $3
"""
_TOLD = """
update reply_due set state = 'told', reason = null
where integration_id = $1 and complaint_id = any($2::uuid[])
"""


@router.get("")
async def list_waiting_replies(
    hotline: LiveHotline,
    session: Session,
    state: Annotated[
        State | None,
        Query(description="Without one: those that it is for the hotline to tell."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> WaitingReplies:
    """List the complaints whose workers may be told that a message waits; not what it says.

    Where the operator set up notices, only those whom no notice reached.
    """
    states = [state] if state else [State.LISTED, State.GIVEN_UP]
    connection = await driver(await session.connection())
    rows = await connection.fetch(_WAITING, hotline.integration_id, states, limit)
    return WaitingReplies(data=[_waiting(hotline, row) for row in rows])


@router.post("/told", status_code=204)
async def workers_were_told(told: TheyWereTold, hotline: LiveHotline, session: Session) -> None:
    """Take complaints off that list, once their workers know: no notice is sent any more."""
    connection = await driver(await session.connection())
    await connection.execute(_TOLD, hotline.integration_id, told.complaint_ids)


def _waiting(hotline: CallingHotline, row: asyncpg.Record) -> WaitingReply:
    text, language = text_for(hotline, row["language"])
    return WaitingReply(
        complaint_id=row["complaint_id"],
        since=row["due_since"],
        language=language,
        text=text,
        state=row["state"],
        reason=row["reason"],
    )
