"""The edges to files that are no evidence yet: the hotline's, and the operator's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from tocsin_common.auth import Operator
from tocsin_common.database import Session
from tocsin_intake.auth import HoldingHotline
from tocsin_intake.integrations import service as integrations
from tocsin_intake.media import service
from tocsin_intake.media.models import SentAlong
from tocsin_intake.media.outcomes import Reason, State
from tocsin_intake.schemas import Submitted

router = APIRouter(prefix="/v1/media", tags=["hotlines"])
admin = APIRouter(prefix="/v1/admin/media", tags=["operator"], dependencies=[Operator])

Limit = Annotated[int, Query(ge=1, le=200)]
NOT_SHOWN = {"id", "sealed", "named", "due_at"}


class FileShown(BaseModel):
    """A file in a hotline's own system: what it is and where it lies is shown to nobody."""

    media_id: UUID
    complaint_id: UUID
    integration_id: UUID
    kind: str = Field(examples=["image"])
    created_at: datetime
    state: State
    reason: Reason | None = Field(description="Why the last attempt brought nothing.")
    attempts: int
    next_attempt_at: datetime | None

    @classmethod
    def of(cls, one: SentAlong) -> Self:
        """Show what is not sealed of it."""
        due = one.due_at if one.state == State.WAITING else None
        shown = one.model_dump(exclude=NOT_SHOWN)
        return cls(media_id=one.id, next_attempt_at=due, **shown)


class FilePage(BaseModel):
    """Some files; `next_cursor` is the `after` of the next page."""

    data: list[FileShown]
    next_cursor: UUID | None

    @classmethod
    def of(cls, found: Sequence[SentAlong], limit: int) -> Self:
        """Make a page of one row more than it has."""
        data = [FileShown.of(one) for one in found[:limit]]
        return cls(data=data, next_cursor=data[-1].media_id if len(found) > limit else None)


class TryAgain(Submitted):
    """Whose files are to be tried again."""

    integration_id: UUID


class TriedAgain(BaseModel):
    """How many files are due again; call it until there are none."""

    due_again: int


@router.get("")
async def list_media(
    hotline: HoldingHotline,
    session: Session,
    state: State | None = None,
    after: UUID | None = None,
    limit: Limit = 50,
) -> FilePage:
    """List files of this hotline's complaints that are not fetched yet, refused or given up."""
    whose = hotline.integration_id
    found = await service.page(session, whose, state, after=after, limit=limit + 1)
    return FilePage.of(found, limit)


@admin.get("")
async def list_all_media(
    session: Session,
    integration_id: UUID | None = None,
    state: State | None = None,
    after: UUID | None = None,
    limit: Limit = 50,
) -> FilePage:
    """List files that are not fetched yet, refused or given up."""
    found = await service.page(session, integration_id, state, after=after, limit=limit + 1)
    return FilePage.of(found, limit)


@admin.post("/retry")
async def retry_media(wanted: TryAgain, session: Session) -> TriedAgain:
    """Have an integration's refused and given up files fetched again: its settings were mended."""
    await integrations.find(session, wanted.integration_id)
    done = await service.try_again(await session.connection(), wanted.integration_id)
    return TriedAgain(due_again=done)
