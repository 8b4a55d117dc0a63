"""The endpoint of whoever listens: deliveries are planned for it as for any, and taken from here.

It is told while somebody listens and for ten minutes after; what waited longer is not told late.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import random
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common import outbox
from tocsin_common.database import driver
from tocsin_common.problems import NotFound
from tocsin_contracts.ids import new_green_id
from tocsin_notifications.deliveries import news, schedule, settling
from tocsin_notifications.deliveries.outcomes import Answer, Fault
from tocsin_notifications.deliveries.settling import Result
from tocsin_notifications.listen.schemas import MOST_AT_ONCE, Outcome, Taken
from tocsin_notifications.models import Buyer, Delivery, DeliveryState, Endpoint, Kind, Purpose
from tocsin_notifications.webhooks import signing
from tocsin_notifications.webhooks.payload import CONTENT_TYPE

PATIENCE = timedelta(minutes=10)  # as `planning` has it
LEASE = 30.0  # seconds that a listener has to say what came of a delivery

_LISTENING = """
update endpoint set listened_at = now()
where buyer_id = $1 and kind = 'listen'
returning id, secret_generation
"""
# Older versions of an alert first, and what somebody else holds is left to them.
_TAKE = """
with next as (
    select delivery.id from delivery
    where delivery.endpoint_id = $1 and delivery.state = 'waiting' and delivery.due_at <= now()
        and (delivery.lease_until is null or delivery.lease_until < now())
        and not exists (
            select from delivery as other
            where other.alert_id = delivery.alert_id and other.endpoint_id = delivery.endpoint_id
                and other.state = 'waiting' and other.alert_version < delivery.alert_version
        )
    order by delivery.due_at, delivery.planned_at
    limit $2
    for update skip locked
),
leased as (
    update delivery set lease_until = now() + $3::float8 * interval '1 second', leases = leases + 1
    from next where delivery.id = next.id
    returning delivery.*
)
select leased.id, leased.leases, coalesce(leased.body, alert_version.body) as body
from leased
left join alert_version on alert_version.alert_id = leased.alert_id
    and alert_version.version = leased.alert_version
order by leased.due_at, leased.planned_at
"""


async def start(session: AsyncSession, buyer_id: UUID, now: datetime) -> Endpoint:
    """Return the endpoint of a buyer's listener; make it the first time."""
    await session.get(Buyer, buyer_id, with_for_update=True)
    query = select(Endpoint).where(
        col(Endpoint.buyer_id) == buyer_id, col(Endpoint.kind) == Kind.LISTEN
    )
    endpoint = (await session.exec(query.with_for_update())).first()
    if not endpoint:
        endpoint = Endpoint(
            id=new_green_id(),
            buyer_id=buyer_id,
            kind=Kind.LISTEN,
            address="",
            description="tocsin listen",
            created_at=now,
        )
    if endpoint.listened_at and endpoint.listened_at < now - PATIENCE:
        await _forget(session, endpoint.id, now)
    endpoint.listened_at = now
    endpoint.disabled_at = endpoint.disabled_reason = endpoint.failing_since = None
    session.add(endpoint)
    return endpoint


async def take(tx: AsyncConnection, buyer_id: UUID, webhook_key: bytes) -> list[Taken]:
    """Give out what is due, signed now; it is the caller's until its lease ends.

    Raises:
        NotFound: this buyer has not begun to listen.
    """
    connection = await driver(tx)
    endpoint = await connection.fetchrow(_LISTENING, buyer_id)
    if not endpoint:
        raise NotFound
    rows = await connection.fetch(_TAKE, endpoint["id"], MOST_AT_ONCE, LEASE)
    secret = signing.secret_of(webhook_key, endpoint["id"], endpoint["secret_generation"])
    now = datetime.now(UTC)
    return [
        Taken(
            delivery_id=row["id"],
            lease=row["leases"],
            headers={
                "content-type": CONTENT_TYPE,
                **signing.headers(row["id"], now, row["body"], [signing.v1(secret)]),
            },
            body=row["body"].decode(),
        )
        for row in rows
    ]


async def settle(
    session: AsyncSession,
    buyer_id: UUID,
    outcomes: Sequence[Outcome],
    now: datetime,
    *,
    retry_scale: float,
) -> int:
    """Note what came of deliveries, as for any endpoint: what failed comes again by the schedule.

    Return how many were noted; a lease that is over is another's, and says nothing.
    """
    known = select(Delivery).join(Endpoint, col(Endpoint.id) == col(Delivery.endpoint_id))
    query = known.where(
        col(Delivery.id).in_({one.delivery_id for one in outcomes}),
        col(Delivery.buyer_id) == buyer_id,
        col(Delivery.state) == DeliveryState.WAITING,
        col(Endpoint.kind) == Kind.LISTEN,
    )
    deliveries = {one.id: one for one in (await session.exec(query)).all()}
    results = {
        one.delivery_id: _result(deliveries[one.delivery_id], one, now, retry_scale)
        for one in outcomes
        if one.delivery_id in deliveries and deliveries[one.delivery_id].leases == one.lease
    }
    if results:
        await settling.settle(await session.connection(), list(results.values()), now=now)
    return len(results)


def _result(delivery: Delivery, outcome: Outcome, now: datetime, scale: float) -> Result:
    answer = Answer(outcome.status, outcome.excerpt) if outcome.status else None
    fault = answer.fault if answer else Fault.CONNECT
    wait = None
    if fault and delivery.purpose == Purpose.ALERT:
        chance = random()  # noqa: S311
        wait = schedule.wait_after(delivery.tries + 1, chance=chance, scale=scale)
    state = DeliveryState.DELIVERED
    if fault:
        state = DeliveryState.WAITING if wait else DeliveryState.FAILED
    return Result(
        delivery_id=delivery.id,
        lease=outcome.lease,
        endpoint_id=delivery.endpoint_id,
        address="",
        trace=None,
        state=state,
        news=_news(delivery, state, now),
        wait=wait.total_seconds() if wait else None,
        started_at=now - timedelta(milliseconds=outcome.milliseconds),
        milliseconds=outcome.milliseconds,
        status=outcome.status,
        fault=fault,
        excerpt=outcome.excerpt or None,
        failing=True,
    )


def _news(delivery: Delivery, state: DeliveryState, now: datetime) -> outbox.Prepared | None:
    """What DELIVERIES is told, as of any endpoint."""
    if state is DeliveryState.WAITING or not delivery.alert_id or not delivery.alert_version:
        return None
    return news.of_settled(
        delivery_id=delivery.id,
        buyer_id=delivery.buyer_id,
        endpoint_id=delivery.endpoint_id,
        alert_id=delivery.alert_id,
        alert_version=delivery.alert_version,
        attempts=delivery.attempts + 1,
        version=delivery.version + 1,
        state=state,
        now=now,
    )


async def _forget(session: AsyncSession, endpoint_id: UUID, now: datetime) -> None:
    held = (
        select(Delivery.id)
        .where(
            col(Delivery.endpoint_id) == endpoint_id, col(Delivery.state) == DeliveryState.WAITING
        )
        .order_by(col(Delivery.id))
        .with_for_update()
    )
    cancelled = {"state": DeliveryState.CANCELLED, "settled_at": now}
    await session.exec(update(Delivery).where(col(Delivery.id).in_(held)).values(cancelled))
