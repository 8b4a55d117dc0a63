"""Notifications' HTTP edge: where buyers are told, and what became of it."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from tocsin_common.database import Session, after_commit
from tocsin_common.pages import Page, ThisList
from tocsin_notifications.auth import CallingBuyer
from tocsin_notifications.deliveries import log as deliveries
from tocsin_notifications.models import DeliveryState
from tocsin_notifications.schemas import (
    AttemptShown,
    DeliveryDetail,
    DeliveryShown,
    EndpointCreated,
    EndpointList,
    EndpointShown,
    NewEndpoint,
)
from tocsin_notifications.webhooks import service as webhooks
from tocsin_notifications.webhooks import signing

router = APIRouter()
_endpoints = APIRouter(prefix="/v1/endpoints", tags=["endpoints"])
_deliveries = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])


@_endpoints.post("", status_code=201)
async def create_endpoint(
    new: NewEndpoint, buyer: CallingBuyer, session: Session, request: Request
) -> EndpointCreated:
    """Say where webhooks are to be sent. The secret that verifies them is shown once."""
    settings = request.app.state.settings
    endpoint = await webhooks.create(
        session, buyer, new, datetime.now(UTC), plain_allowed=bool(settings.allowed_networks)
    )
    secret = signing.secret_of(settings.webhook_key, endpoint.id, endpoint.secret_generation)
    shown = EndpointShown.of(endpoint)
    return EndpointCreated(**shown.model_dump(), secret=signing.shown(secret))


@_endpoints.get("")
async def list_endpoints(buyer: CallingBuyer, session: Session) -> EndpointList:
    """List all endpoints, newest first."""
    found = await webhooks.all_of(session, buyer)
    return EndpointList(data=[EndpointShown.of(one) for one in found])


@_endpoints.get("/{endpoint_id}")
async def get_endpoint(
    endpoint_id: UUID, buyer: CallingBuyer, session: Session, response: Response
) -> EndpointShown:
    """Show an endpoint, and whether it is well; its ETag is what a change must match."""
    endpoint = await webhooks.find(session, buyer, endpoint_id)
    response.headers["ETag"] = webhooks.edition(endpoint)
    return EndpointShown.of(endpoint)


@_endpoints.delete("/{endpoint_id}", status_code=204)
async def delete_endpoint(endpoint_id: UUID, buyer: CallingBuyer, session: Session) -> None:
    """Delete an endpoint. What waits for it is cancelled; its log stays."""
    await webhooks.remove(session, buyer, endpoint_id, datetime.now(UTC))


@_endpoints.post("/{endpoint_id}/enable")
async def enable_endpoint(
    endpoint_id: UUID, buyer: CallingBuyer, session: Session, request: Request
) -> EndpointShown:
    """Send to a disabled endpoint again. What has waited for it is sent at once."""
    endpoint = await webhooks.enable(session, buyer, endpoint_id, datetime.now(UTC))
    after_commit(await session.connection(), request.app.state.wake)
    return EndpointShown.of(endpoint)


@_deliveries.get("")
async def list_deliveries(
    buyer: CallingBuyer,
    session: Session,
    listing: ThisList,
    endpoint_id: Annotated[UUID | None, Query(description="Only to this endpoint.")] = None,
    alert_id: Annotated[UUID | None, Query(description="Only of this alert.")] = None,
    state: Annotated[DeliveryState | None, Query(description="Only in this state.")] = None,
) -> Page[DeliveryShown]:
    """List deliveries, newest first."""
    wanted = deliveries.Wanted(endpoint_id, alert_id, state)
    found = await deliveries.page(
        session, buyer, wanted, after=listing.after_time, limit=listing.wanted
    )
    shown = [DeliveryShown.of(delivery, alert) for delivery, alert in found]
    return listing.page(shown, lambda one: (one.planned_at, one.delivery_id))


@_deliveries.get("/{delivery_id}")
async def get_delivery(delivery_id: UUID, buyer: CallingBuyer, session: Session) -> DeliveryDetail:
    """Show a delivery with its attempts and what is sent."""
    delivery, alert = await deliveries.find(session, buyer, delivery_id)
    tried = await deliveries.attempts_of(session, delivery_id)
    shown = DeliveryShown.of(delivery, alert)
    return DeliveryDetail(
        **shown.model_dump(),
        body=(alert.body if alert else delivery.body or b"").decode(),
        tried=[AttemptShown.of(one) for one in tried],
    )


@_deliveries.post("/{delivery_id}/resend", status_code=202)
async def resend_delivery(
    delivery_id: UUID, buyer: CallingBuyer, session: Session, request: Request
) -> DeliveryShown:
    """Send a delivery again, with the same id and the same bytes."""
    delivery, alert = await deliveries.resend(session, buyer, delivery_id, datetime.now(UTC))
    after_commit(await session.connection(), request.app.state.wake)
    return DeliveryShown.of(delivery, alert)


router.include_router(_endpoints)
router.include_router(_deliveries)
