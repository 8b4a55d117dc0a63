"""Buyers' endpoints: made, shown, changed, paused, given a new secret, enabled again, deleted."""

import json
from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Update, delete, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.conditions import require_match
from tocsin_common.problems import Conflict, Invalid, NotFound
from tocsin_contracts.ids import new_green_id
from tocsin_notifications.models import Buyer, Delivery, DeliveryState, Endpoint, Kind
from tocsin_notifications.schemas import EndpointChange, NewEndpoint

MOST_ENDPOINTS = 50  # of one buyer
OVERLAP = timedelta(hours=24)  # in which the previous secret signs as well


class PlainHttp(Invalid):
    """Without TLS anybody on the way reads and changes what is sent."""

    code = "plain_http"
    detail = "Give an https address. This installation delivers without TLS nowhere."


class NoWebhook(Conflict):
    """What is told by mail has no URL and no secret."""

    code = "no_webhook"
    detail = "This endpoint is not a webhook."


class TooManyEndpoints(Conflict):
    """A buyer has as many endpoints as it may."""

    code = "too_many_endpoints"
    detail = f"A buyer has at most {MOST_ENDPOINTS} endpoints. Delete one first."


async def create(
    session: AsyncSession, buyer_id: UUID, new: NewEndpoint, now: datetime, *, plain_allowed: bool
) -> Endpoint:
    """Make an endpoint.

    Raises:
        PlainHttp: its address has no TLS, and the operator allowed that nowhere.
        TooManyEndpoints: the buyer has as many as it may.
    """
    _require_tls(new.url, plain_allowed=plain_allowed)
    await session.get(Buyer, buyer_id, with_for_update=True)
    counted = select(func.count()).where(col(Endpoint.buyer_id) == buyer_id)
    if (await session.exec(counted)).one() >= MOST_ENDPOINTS:
        raise TooManyEndpoints
    endpoint = Endpoint(
        id=new_green_id(),
        buyer_id=buyer_id,
        address=new.url,
        description=new.description or "",
        rate_per_minute=new.rate_per_minute,
        latest_only=new.latest_only,
        created_at=now,
    )
    session.add(endpoint)
    return endpoint


async def all_of(session: AsyncSession, buyer_id: UUID) -> list[Endpoint]:
    """Return a buyer's endpoints, newest first."""
    query = (
        select(Endpoint)
        .where(col(Endpoint.buyer_id) == buyer_id)
        .order_by(col(Endpoint.created_at).desc(), col(Endpoint.id))
    )
    return list((await session.exec(query)).all())


async def find(
    session: AsyncSession, buyer_id: UUID, endpoint_id: UUID, *, lock: bool = False
) -> Endpoint:
    """Return a buyer's endpoint.

    Raises:
        NotFound: this buyer has no such endpoint.
    """
    found = await session.get(Endpoint, endpoint_id, with_for_update=lock)
    if not found or found.buyer_id != buyer_id:
        raise NotFound
    return found


async def are_all_of(session: AsyncSession, buyer_id: UUID, endpoint_ids: Collection[UUID]) -> bool:
    """Say whether all these are endpoints of this buyer."""
    query = select(func.count()).where(
        col(Endpoint.buyer_id) == buyer_id, col(Endpoint.id).in_(endpoint_ids)
    )
    return (await session.exec(query)).one() == len(set(endpoint_ids))


def edition(endpoint: Endpoint) -> str:
    """The strong ETag of what may be changed about an endpoint."""
    told = [
        endpoint.address,
        endpoint.description,
        endpoint.rate_per_minute,
        endpoint.latest_only,
    ]
    return f'"{sha256(json.dumps(told).encode()).hexdigest()[:32]}"'


async def change(
    session: AsyncSession,
    buyer_id: UUID,
    endpoint_id: UUID,
    wanted: EndpointChange,
    if_match: str | None,
    now: datetime,
    *,
    plain_allowed: bool,
) -> Endpoint:
    """Change what is given, and leave the rest.

    A new address is to be verified anew, has not failed yet, and is sent what waits at once.

    Raises:
        NotFound: this buyer has no such endpoint.
        IfMatchMissing: the caller does not say what it changes.
        ChangedSince: somebody else has changed it.
        PlainHttp: its new address has no TLS, and the operator allowed that nowhere.
    """
    endpoint = await find(session, buyer_id, endpoint_id, lock=True)
    require_match(if_match, edition(endpoint))
    if wanted.url and wanted.url != endpoint.address:
        if endpoint.kind != Kind.WEBHOOK:
            raise NoWebhook
        _require_tls(wanted.url, plain_allowed=plain_allowed)
        endpoint.address = wanted.url
        endpoint.verified_at = endpoint.quiet_until = None
        endpoint.failing_since = endpoint.failed_at = None
        await session.exec(_waiting(endpoint_id).values(due_at=now, tries=0))
    if "description" in wanted.model_fields_set:
        endpoint.description = wanted.description or ""
    if "rate_per_minute" in wanted.model_fields_set:
        endpoint.rate_per_minute = wanted.rate_per_minute
    if wanted.latest_only is not None:
        endpoint.latest_only = wanted.latest_only
    return endpoint


async def rotate(
    session: AsyncSession, buyer_id: UUID, endpoint_id: UUID, now: datetime
) -> Endpoint:
    """Give an endpoint a new secret; for a day the one before signs as well, older ones do not.

    Raises:
        NotFound: this buyer has no such endpoint.
        NoWebhook: it has no secret.
    """
    endpoint = await find(session, buyer_id, endpoint_id, lock=True)
    if endpoint.kind != Kind.WEBHOOK:
        raise NoWebhook
    endpoint.previous_generation = endpoint.secret_generation
    endpoint.previous_until = now + OVERLAP
    endpoint.secret_generation += 1
    return endpoint


async def pause(
    session: AsyncSession, buyer_id: UUID, endpoint_id: UUID, now: datetime
) -> Endpoint:
    """Let what is planned wait, all but corrections; to pause twice changes nothing.

    Raises:
        NotFound: this buyer has no such endpoint.
    """
    endpoint = await find(session, buyer_id, endpoint_id, lock=True)
    endpoint.paused_at = endpoint.paused_at or now
    return endpoint


async def resume(session: AsyncSession, buyer_id: UUID, endpoint_id: UUID) -> Endpoint:
    """Send what has waited; to resume twice changes nothing.

    Raises:
        NotFound: this buyer has no such endpoint.
    """
    endpoint = await find(session, buyer_id, endpoint_id, lock=True)
    endpoint.paused_at = None
    return endpoint


async def enable(
    session: AsyncSession, buyer_id: UUID, endpoint_id: UUID, now: datetime
) -> Endpoint:
    """Send to an endpoint again, at once what has waited; to enable it twice changes nothing.

    Raises:
        NotFound: this buyer has no such endpoint.
    """
    endpoint = await find(session, buyer_id, endpoint_id, lock=True)
    if endpoint.disabled_at:
        endpoint.disabled_at = endpoint.disabled_reason = None
        endpoint.failing_since = endpoint.failed_at = endpoint.quiet_until = None
        await session.exec(_waiting(endpoint_id).values(due_at=now, tries=0))
    return endpoint


async def remove(session: AsyncSession, buyer_id: UUID, endpoint_id: UUID, now: datetime) -> None:
    """Delete an endpoint; what waited for it is cancelled and stays in the log.

    Raises:
        NotFound: this buyer has no such endpoint.
    """
    await find(session, buyer_id, endpoint_id, lock=True)
    await session.exec(delete(Endpoint).where(col(Endpoint.id) == endpoint_id))
    cancelled = _waiting(endpoint_id).values(state=DeliveryState.CANCELLED, settled_at=now)
    await session.exec(cancelled)


def _require_tls(url: str, *, plain_allowed: bool) -> None:
    if urlsplit(url).scheme != "https" and not plain_allowed:
        raise PlainHttp


def _waiting(endpoint_id: UUID) -> Update:
    """Change all that waits for an endpoint, held in key order."""
    held = (
        select(Delivery.id)
        .where(
            col(Delivery.endpoint_id) == endpoint_id, col(Delivery.state) == DeliveryState.WAITING
        )
        .order_by(col(Delivery.id))
        .with_for_update()
    )
    return update(Delivery).where(col(Delivery.id).in_(held))
