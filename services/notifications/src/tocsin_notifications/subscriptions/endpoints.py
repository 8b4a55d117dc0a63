"""The buyers' edge to subscriptions."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response

from tocsin_common.conditions import CONDITIONAL, answer, etag
from tocsin_common.database import Session
from tocsin_common.pages import Page, ThisList
from tocsin_common.problems import NotFound
from tocsin_notifications.auth import CallingBuyer
from tocsin_notifications.models import Buyer
from tocsin_notifications.subscriptions import preview, service
from tocsin_notifications.subscriptions.schemas import (
    Conditions,
    NewSubscription,
    Preview,
    SubscriptionChange,
    SubscriptionShown,
)

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"])

IfMatch = Annotated[
    str | None, Header(description="The ETag of the state you change, or `*`; required.")
]


@router.post("", status_code=201)
async def create_subscription(
    new: NewSubscription,
    buyer: CallingBuyer,
    session: Session,
    request: Request,
    response: Response,
) -> SubscriptionShown:
    """Subscribe to alerts. From now on those that meet it are sent to its endpoints."""
    subscription, named = await service.create(
        session, buyer, new, datetime.now(UTC), known_groups=request.app.state.issue_groups
    )
    response.headers["Location"] = f"{router.prefix}/{subscription.id}"
    response.headers["ETag"] = etag(subscription.version)
    return SubscriptionShown.shown(subscription, named)


@router.get("")
async def list_subscriptions(
    buyer: CallingBuyer, session: Session, listing: ThisList
) -> Page[SubscriptionShown]:
    """List subscriptions, newest first."""
    found = await service.page(session, buyer, after=listing.after_time, limit=listing.wanted)
    named = await service.endpoints_of(session, found)
    shown = [SubscriptionShown.shown(one, named[one.id]) for one in found]
    return listing.page(shown, lambda one: (one.created_at, one.subscription_id))


@router.post("/preview")
async def preview_subscription(
    asked: Conditions, buyer: CallingBuyer, session: Session, request: Request
) -> Preview:
    """Show what these conditions would have told you in the last 90 days. Nothing is stored."""
    if not (known := await session.get(Buyer, buyer)):
        raise NotFound
    return await preview.preview(
        session,
        known,
        asked,
        datetime.now(UTC),
        portal_url=str(request.app.state.settings.portal_url),
        known_groups=request.app.state.issue_groups,
    )


@router.get("/{subscription_id}", response_model=SubscriptionShown, responses=CONDITIONAL)
async def get_subscription(
    subscription_id: UUID, buyer: CallingBuyer, session: Session, request: Request
) -> Response:
    """Show a subscription; its ETag is what a change must match."""
    found = await service.find(session, buyer, subscription_id)
    named = await service.endpoints_of(session, [found])
    shown = SubscriptionShown.shown(found, named[found.id])
    return answer(request, shown, etag(found.version))


@router.patch("/{subscription_id}")
async def change_subscription(
    subscription_id: UUID,
    change: SubscriptionChange,
    buyer: CallingBuyer,
    session: Session,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> SubscriptionShown:
    """Change a subscription, or pause and resume it. What it has begun to tell goes on."""
    subscription, named = await service.change(
        session,
        buyer,
        subscription_id,
        change,
        if_match,
        datetime.now(UTC),
        known_groups=request.app.state.issue_groups,
    )
    response.headers["ETag"] = etag(subscription.version)
    return SubscriptionShown.shown(subscription, named)


@router.delete("/{subscription_id}", status_code=204)
async def delete_subscription(subscription_id: UUID, buyer: CallingBuyer, session: Session) -> None:
    """Delete a subscription. Whoever was told of an alert still hears how it goes on."""
    await service.remove(session, buyer, subscription_id)
