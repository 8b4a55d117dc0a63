"""The operator's edge to the quarantine: what is there, what becomes of it now."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from tocsin_common.auth import Operator
from tocsin_common.database import Session
from tocsin_common.problems import NotFound
from tocsin_intake.adapters.known import TRANSLATORS
from tocsin_intake.adapters.payloads import Payload
from tocsin_intake.adapters.receiving import Receives
from tocsin_intake.auth import KnownHotlines
from tocsin_intake.links import each, links
from tocsin_intake.models import Quarantined
from tocsin_intake.quarantine import service

FIRST = {"parameters": {"quarantined_id": "$response.body#/data/0/quarantined_id"}}

router = APIRouter(prefix="/v1/admin/quarantine", tags=["operator"], dependencies=[Operator])


class QuarantinedShown(BaseModel):
    """A payload, by its metadata: what it says is shown to nobody."""

    quarantined_id: UUID
    integration_id: UUID
    adapter: str
    received_at: datetime
    size: int
    reason: str

    @classmethod
    def of(cls, one: Quarantined) -> Self:
        """Show what is not sealed of it."""
        return cls(quarantined_id=one.id, **one.model_dump(exclude={"id", "digest", "sealed"}))


class QuarantinePage(BaseModel):
    """Some payloads; `next_cursor` is the `after` of the next page."""

    data: list[QuarantinedShown]
    next_cursor: UUID | None


class Replayed(BaseModel):
    """What came of it: accepted and no longer here, or still not known."""

    outcome: Literal["accepted", "still_unknown"]
    complaint_ids: list[UUID] = []
    reason: str | None = None


@router.get(
    "",
    responses=links(200, **each("replay_quarantined drop_quarantined", FIRST)),
)
async def list_quarantined(
    session: Session,
    integration_id: UUID | None = None,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> QuarantinePage:
    """List payloads that no adapter knew, oldest first."""
    found = await service.page(session, integration_id, after=after, limit=limit + 1)
    data = [QuarantinedShown.of(one) for one in found[:limit]]
    more = len(found) > limit
    return QuarantinePage(data=data, next_cursor=data[-1].quarantined_id if more else None)


@router.post("/{quarantined_id}/replay")
async def replay_quarantined(
    quarantined_id: UUID, session: Session, hotlines: KnownHotlines, receiving: Receives
) -> Replayed:
    """Translate one again, by the adapter and the settings as they are now."""
    kept = await service.find(session, quarantined_id)
    hotline = await hotlines.with_id(kept.integration_id, kept.adapter)
    if kept.adapter not in TRANSLATORS:
        raise NotFound
    opened = await receiving.quarantine.opened(session, kept)
    translation = TRANSLATORS[kept.adapter](hotline, Payload.model_validate_json(opened))
    taken = await receiving.accept(hotline, translation)
    ids = [one.complaint_id for one in taken.receipts]
    if unknown := [*translation.unknown, *taken.aside]:
        reason = unknown[0].reason
        return Replayed(outcome="still_unknown", complaint_ids=ids, reason=reason)
    await service.drop(await session.connection(), [quarantined_id])
    return Replayed(outcome="accepted", complaint_ids=ids)


@router.delete("/{quarantined_id}", status_code=204)
async def drop_quarantined(quarantined_id: UUID, session: Session) -> None:
    """Give one up for good."""
    await service.find(session, quarantined_id)
    await service.drop(await session.connection(), [quarantined_id])
