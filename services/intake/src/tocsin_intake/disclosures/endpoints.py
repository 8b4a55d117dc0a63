"""The hotline's edge to what would be disclosed: it sees what buyers would, and may hold it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from tocsin_common.database import Session
from tocsin_intake.auth import HoldingHotline
from tocsin_intake.disclosures import service
from tocsin_intake.disclosures.schemas import DisclosurePage, DisclosureShown, Hold
from tocsin_intake.links import each, links

FIRST = {"parameters": {"disclosure_id": "$response.body#/data/0/disclosure_id"}}

router = APIRouter(prefix="/v1/disclosures", tags=["hotlines"])


@router.get(
    "",
    responses=links(200, **each("hold_disclosure release_disclosure", FIRST)),
)
async def list_disclosures(
    hotline: HoldingHotline,
    session: Session,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DisclosurePage:
    """List what cases means to tell buyers that this hotline's complaints contribute to."""
    rows = await service.page(session, hotline.integration_id, after=after, limit=limit + 1)
    data = [DisclosureShown.of(one) for one in rows[:limit]]
    return DisclosurePage(
        data=data, next_cursor=data[-1].disclosure_id if len(rows) > limit else None
    )


@router.post("/{disclosure_id}/hold")
async def hold_disclosure(
    disclosure_id: UUID, wanted: Hold, hotline: HoldingHotline, session: Session
) -> DisclosureShown:
    """Hold it for 30 days. To hold it for longer, two people ask, each with a key of their own.

    What is held before its slot comes stays held, whatever is slow meanwhile; after that it is 409.
    """
    held = await service.hold(
        session, hotline.integration_id, hotline.key_id, disclosure_id, wanted.reason
    )
    return DisclosureShown.of(held)


@router.post("/{disclosure_id}/release")
async def release_disclosure(
    disclosure_id: UUID, wanted: Hold, hotline: HoldingHotline, session: Session
) -> DisclosureShown:
    """Let it go: it leaves in the next slot that it is fit for."""
    released = await service.release(session, hotline.integration_id, disclosure_id, wanted.reason)
    return DisclosureShown.of(released)
