"""The delivery log, and sending again what is in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from tocsin_common.problems import Conflict, NotFound
from tocsin_notifications.models import AlertVersion, Attempt, Delivery, DeliveryState, Endpoint

ATTEMPTS_SHOWN = 100


class Overtaken(Conflict):
    """An older state is never told after a newer one."""

    code = "overtaken"
    detail = "A newer version of this alert is on its way to this endpoint, or there. Resend that."


class EndpointIsDisabled(Conflict):
    """Nothing is sent to it, whatever waits."""

    code = "endpoint_disabled"
    detail = "Its endpoint is disabled. Enable it; what has waited is then sent at once."


class EndpointIsGone(Conflict):
    """There is nowhere to send it."""

    code = "endpoint_gone"
    detail = "Its endpoint was deleted."


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries of a buyer are asked for."""

    endpoint_id: UUID | None = None
    alert_id: UUID | None = None
    state: DeliveryState | None = None


Row = tuple[Delivery, AlertVersion | None]
"""A delivery, and the alert version it carries, if it does."""


async def page(
    session: AsyncSession,
    buyer_id: UUID,
    wanted: Wanted,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row]:
    """Return a buyer's deliveries, newest first."""
    order = (col(Delivery.planned_at), col(Delivery.id))
    query = _deliveries().where(col(Delivery.buyer_id) == buyer_id)
    if wanted.endpoint_id:
        query = query.where(col(Delivery.endpoint_id) == wanted.endpoint_id)
    if wanted.alert_id:
        query = query.where(col(Delivery.alert_id) == wanted.alert_id)
    if wanted.state:
        query = query.where(col(Delivery.state) == wanted.state)
    if after:
        query = query.where(tuple_(*order) < after)
    newest_first = query.order_by(*(one.desc() for one in order))
    return (await session.exec(newest_first.limit(limit))).all()


async def find(session: AsyncSession, buyer_id: UUID, delivery_id: UUID) -> Row:
    """Return a buyer's delivery and the alert version it carries.

    Raises:
        NotFound: this buyer has no such delivery.
    """
    query = _deliveries().where(col(Delivery.id) == delivery_id, col(Delivery.buyer_id) == buyer_id)
    if not (found := (await session.exec(query)).one_or_none()):
        raise NotFound
    return found


async def attempts_of(session: AsyncSession, delivery_id: UUID) -> Sequence[Attempt]:
    """Return a delivery's newest attempts, newest first."""
    query = (
        select(Attempt)
        .where(col(Attempt.delivery_id) == delivery_id)
        .order_by(col(Attempt.number).desc())
        .limit(ATTEMPTS_SHOWN)
    )
    return (await session.exec(query)).all()


async def resend(session: AsyncSession, buyer_id: UUID, delivery_id: UUID, now: datetime) -> Row:
    """Send a delivery again, with the same id and bytes, and from the beginning of the schedule.

    Raises:
        NotFound: this buyer has no such delivery.
        EndpointIsGone: its endpoint was deleted.
        EndpointIsDisabled: its endpoint is sent nothing.
        Overtaken: its endpoint knows, or is about to know, a newer version of the alert.
    """
    delivery, alert = await find(session, buyer_id, delivery_id)
    versions = await _lock_versions(session, delivery)
    endpoint = await session.get(Endpoint, delivery.endpoint_id)
    if not endpoint:
        raise EndpointIsGone
    if endpoint.disabled_at:
        raise EndpointIsDisabled
    known = {DeliveryState.WAITING, DeliveryState.DELIVERED, DeliveryState.IN_DIGEST}
    version = delivery.alert_version or 0
    if any(one.state in known for one in versions if (one.alert_version or 0) > version):
        raise Overtaken
    delivery.state = DeliveryState.WAITING
    delivery.settled_at = None
    delivery.due_at = now
    delivery.tries = 0
    return delivery, alert


async def _lock_versions(session: AsyncSession, delivery: Delivery) -> Sequence[Delivery]:
    """Hold every version of an alert for one endpoint, so that nobody takes one meanwhile."""
    same_alert = col(Delivery.alert_id) == delivery.alert_id
    query = (
        select(Delivery)
        .where(
            same_alert if delivery.alert_id else col(Delivery.id) == delivery.id,
            col(Delivery.endpoint_id) == delivery.endpoint_id,
        )
        .order_by(col(Delivery.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(query)).all()


def _deliveries() -> "Select[Delivery, AlertVersion | None]":
    query = select(Delivery, AlertVersion).outerjoin(
        AlertVersion,
        (col(AlertVersion.alert_id) == col(Delivery.alert_id))
        & (col(AlertVersion.version) == col(Delivery.alert_version)),
    )
    return cast("Select[Delivery, AlertVersion | None]", query)
