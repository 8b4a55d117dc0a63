"""Buyers' endpoints: made, shown, enabled again, deleted."""

from collections.abc import Collection
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Update, delete, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.problems import Conflict, Invalid, NotFound
from tocsin_contracts.ids import new_green_id
from tocsin_notifications.models import Buyer, Delivery, DeliveryState, Endpoint
from tocsin_notifications.schemas import NewEndpoint

MOST_ENDPOINTS = 50  # of one buyer


class PlainHttp(Invalid):
    """Without TLS anybody on the way reads and changes what is sent."""

    code = "plain_http"
    detail = "Give an https address. This installation delivers without TLS nowhere."


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
    if urlsplit(new.url).scheme != "https" and not plain_allowed:
        raise PlainHttp
    await session.get(Buyer, buyer_id, with_for_update=True)
    counted = select(func.count()).where(col(Endpoint.buyer_id) == buyer_id)
    if (await session.exec(counted)).one() >= MOST_ENDPOINTS:
        raise TooManyEndpoints
    endpoint = Endpoint(
        id=new_green_id(),
        buyer_id=buyer_id,
        address=new.url,
        description=new.description or "",
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


async def enable(
    session: AsyncSession, buyer_id: UUID, endpoint_id: UUID, now: datetime
) -> Endpoint:
    """Send to an endpoint again, at once what has waited; to enable it twice changes nothing.

    Raises:
        NotFound: this buyer has no such endpoint.
    """
    endpoint = await find(session, buyer_id, endpoint_id, lock=True)
    if endpoint.disabled_at:
        endpoint.disabled_at = endpoint.disabled_reason = endpoint.failing_since = None
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
