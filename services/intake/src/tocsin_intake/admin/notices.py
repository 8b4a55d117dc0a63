"""The operator's edge to notices: how workers hear that a message waits, and who did not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from tocsin_common.auth import Operator
from tocsin_common.conditions import etag
from tocsin_common.database import Session
from tocsin_intake.admin.integrations import IfMatch
from tocsin_intake.integrations import sealed
from tocsin_intake.integrations import service as integrations
from tocsin_intake.integrations.notices import Notices
from tocsin_intake.notices import service
from tocsin_intake.notices.models import ReplyDue
from tocsin_intake.notices.outcomes import Reason, State
from tocsin_intake.schemas import Submitted

router = APIRouter(
    prefix="/v1/admin/integrations/{integration_id}/notices",
    tags=["operator"],
    dependencies=[Operator],
)
waiting = APIRouter(prefix="/v1/admin/notices", tags=["operator"], dependencies=[Operator])


class NoticeShown(BaseModel):
    """That a message waits for a worker, and whether the worker was told; not where, or what."""

    complaint_id: UUID
    integration_id: UUID
    since: datetime
    state: State
    reason: Reason | None = Field(description="Why the last attempt told nobody.")
    attempts: int
    next_attempt_at: datetime | None

    @classmethod
    def of(cls, one: ReplyDue) -> Self:
        """Show what is stored of it."""
        due = one.due_at if one.state == State.WAITING else None
        shown = one.model_dump(exclude={"due_at", "due_since"})
        return cls(since=one.due_since, next_attempt_at=due, **shown)


class NoticePage(BaseModel):
    """Some of them; `next_cursor` is the `after` of the next page."""

    data: list[NoticeShown]
    next_cursor: UUID | None

    @classmethod
    def of(cls, found: Sequence[ReplyDue], limit: int) -> Self:
        """Make a page of one row more than it has."""
        data = [NoticeShown.of(one) for one in found[:limit]]
        return cls(data=data, next_cursor=data[-1].complaint_id if len(found) > limit else None)


class TellAgain(Submitted):
    """Whose workers are to be told, whom no notice reached."""

    integration_id: UUID


class ToldAgain(BaseModel):
    """How many are due again; call it until there are none."""

    due_again: int


@router.get("")
async def show_notices(
    integration_id: UUID, session: Session, request: Request
) -> dict[str, Any] | None:
    """Show how its workers are told, without secrets; null: the hotline tells them itself."""
    found = await integrations.find(session, integration_id)
    notices = sealed.notices_of(request.app.state.vault, found)
    return notices.model_dump(mode="json", exclude_none=True) if notices else None


@router.put("")
async def put_notices(
    integration_id: UUID,
    wanted: Notices,
    session: Session,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Have its workers told that a message waits, if they agreed to it: within seconds.

    `If-Match` is the integration's ETag. A worker hears once of what waits, until it is read.
    """
    vault = request.app.state.vault
    version = await service.put(session, vault, integration_id, wanted, if_match)
    response.headers["ETag"] = etag(version)
    return wanted.model_dump(mode="json", exclude_none=True)


@router.delete("", status_code=204)
async def remove_notices(integration_id: UUID, session: Session, if_match: IfMatch = None) -> None:
    """Send none any more; the hotline finds in its list whom to tell."""
    await service.remove(session, integration_id, if_match)


@waiting.get("")
async def list_notices(
    session: Session,
    integration_id: UUID | None = None,
    state: State | None = None,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> NoticePage:
    """List messages that wait for their workers, and whether those were told."""
    found = await service.page(session, integration_id, state, after=after, limit=limit + 1)
    return NoticePage.of(found, limit)


@waiting.post("/retry")
async def retry_notices(wanted: TellAgain, session: Session) -> ToldAgain:
    """Have an integration's workers told whom no notice reached: its settings were mended."""
    await integrations.find(session, wanted.integration_id)
    done = await service.try_again(await session.connection(), wanted.integration_id)
    return ToldAgain(due_again=done)
