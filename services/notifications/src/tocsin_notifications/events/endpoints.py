"""What those who write receivers ask for: event types, signed examples, test events."""

from datetime import UTC, datetime
from enum import StrEnum

from fastapi import APIRouter, Request
from pydantic import BaseModel

from tocsin_common.database import Session, after_commit
from tocsin_notifications.auth import CallingBuyer
from tocsin_notifications.events import service
from tocsin_notifications.events.catalogue import CATALOGUE, EventType
from tocsin_notifications.events.vectors import Vectors, vectors
from tocsin_notifications.schemas import DeliveryShown

router = APIRouter(tags=["events"])


class Triggered(StrEnum):
    """What can be triggered."""

    ALERT_RAISED = "alert.raised"
    ALERT_UPDATED = "alert.updated"
    ALERT_CORRECTED = "alert.corrected"
    ALERT_ENDED = "alert.ended"


class EventTypes(BaseModel):
    """Every type of event that webhooks carry."""

    data: list[EventType]


class TestDeliveries(BaseModel):
    """The deliveries of a test event."""

    data: list[DeliveryShown]


@router.get("/v1/event-types")
async def list_event_types() -> EventTypes:
    """List the types of events with their JSON Schemas and examples. Anybody may read them."""
    return EventTypes(data=list(CATALOGUE))


@router.get("/v1/webhook-test-vectors")
async def list_webhook_test_vectors() -> Vectors:
    """List signed examples that test a receiver's verification. Anybody may read them."""
    return vectors()


@router.post("/v1/test/trigger/{event}", status_code=202)
async def trigger_event(
    event: Triggered, buyer: CallingBuyer, session: Session, request: Request
) -> TestDeliveries:
    """Send a test event of this type to all your endpoints, marked as a test, tried once."""
    portal_url = str(request.app.state.settings.portal_url)
    planned = await service.trigger(session, buyer, event, datetime.now(UTC), portal_url=portal_url)
    after_commit(await session.connection(), request.app.state.wake)
    return TestDeliveries(data=[DeliveryShown.of(one, None) for one in planned])
