"""Where buyers acknowledge changes, and where the operator sees who has not."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from tocsin_common.auth import Operator
from tocsin_common.database import Session
from tocsin_common.pages import Page, ThisList
from tocsin_notifications.acknowledgements import service
from tocsin_notifications.acknowledgements.schemas import (
    AcknowledgementShown,
    Seen,
    Unacknowledged,
)
from tocsin_notifications.auth import CallingBuyer

router = APIRouter(tags=["acknowledgements"])
admin = APIRouter(prefix="/v1/admin/acknowledgements", tags=["operator"], dependencies=[Operator])


@router.post("/v1/alerts/{alert_id}/acknowledgement")
async def acknowledge_alert(
    alert_id: UUID, seen: Seen, buyer: CallingBuyer, session: Session
) -> AcknowledgementShown:
    """Say that somebody has read how an alert changed. It is asked of whoever was told of it."""
    found = await service.acknowledge(session, buyer, alert_id, seen.version, datetime.now(UTC))
    return AcknowledgementShown.of(found)


@router.get("/v1/acknowledgements")
async def list_acknowledgements(
    buyer: CallingBuyer,
    session: Session,
    listing: ThisList,
    unread: Annotated[bool, Query(description="Only what is not acknowledged yet.")] = False,
) -> Page[AcknowledgementShown]:
    """List the changes you were told of, each alert's newest, newest first."""
    found = await service.page(
        session, buyer, unread=unread, after=listing.after_time, limit=listing.wanted
    )
    places = {one.alert_id: (one.asked_at, one.id) for one in found}
    shown = [AcknowledgementShown.of(one) for one in found]
    return listing.page(shown, lambda one: places[one.alert_id])


@admin.get("")
async def list_unacknowledged(session: Session, listing: ThisList) -> Page[Unacknowledged]:
    """List who has not acknowledged which change, longest waiting first."""
    found = await service.unacknowledged(session, after=listing.after_time, limit=listing.wanted)
    places = {(one.alert_id, one.buyer_id): (one.asked_at, one.id) for one, _ in found}
    shown = [Unacknowledged(buyer=name, **one.model_dump()) for one, name in found]
    return listing.page(shown, lambda one: places[one.alert_id, one.buyer_id])
