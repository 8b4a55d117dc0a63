"""The queue of deliveries that are due: leased, in order for each alert, fair to each endpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import outbox
from tocsin_common.database import driver
from tocsin_common.telemetry import Trace
from tocsin_contracts.events.deliveries import (
    DeliveryFailed,
    DeliverySettled,
    DeliverySucceeded,
    EndpointDisabled,
)
from tocsin_notifications.models import DeliveryState

# The endpoints with something waiting are found by leaping over the index from one to the next,
# and each gives up at most what it has room for: the cost does not grow with what waits, and an
# endpoint that hangs takes no turn of another.
_CLAIM = """
with recursive waiting as (
    (select endpoint_id from delivery where state = 'waiting' order by endpoint_id limit 1)
    union all
    select (
        select next.endpoint_id from delivery as next
        where next.state = 'waiting' and next.endpoint_id > waiting.endpoint_id
        order by next.endpoint_id limit 1
    )
    from waiting where waiting.endpoint_id is not null
),
open as materialized (
    select endpoint.id, endpoint.url, endpoint.secret_generation,
        case when endpoint.failing_since is null then $3 else 1 end - coalesce(busy.sending, 0)
            as room
    from waiting
    join endpoint on endpoint.id = waiting.endpoint_id and endpoint.disabled_at is null
    left join unnest($1::uuid[], $2::int[]) as busy(endpoint_id, sending)
        on busy.endpoint_id = endpoint.id
    order by random()
),
due as (
    select first.id, open.url, open.secret_generation
    from open cross join lateral (
        select delivery.id from delivery
        where delivery.endpoint_id = open.id and delivery.state = 'waiting'
            and delivery.due_at <= now()
            and (delivery.lease_until is null or delivery.lease_until < now())
            and not exists (
                select from delivery as other
                where other.alert_id = delivery.alert_id
                    and other.endpoint_id = delivery.endpoint_id
                    and (
                        (other.alert_version < delivery.alert_version and other.state = 'waiting')
                        or (other.alert_version > delivery.alert_version
                            and (other.state = 'delivered' or other.lease_until > now()))
                    )
            )
        order by delivery.due_at
        limit open.room
        for update skip locked
    ) as first
    where open.room > 0
    limit $4
)
update delivery set lease_until = now() + $5::float8 * interval '1 second', leases = leases + 1
from due, alert_version
where delivery.id = due.id
    and alert_version.alert_id = delivery.alert_id
    and alert_version.version = delivery.alert_version
returning delivery.id, delivery.leases as lease, delivery.endpoint_id, delivery.tries,
    due.url, due.secret_generation, alert_version.body, alert_version.trace,
    extract(epoch from now() - delivery.due_at)::float8 as late
"""

# Whoever holds a row just now is about to settle it, so it is passed over.
_RENEW = """
with ours as (
    select delivery.id
    from delivery join unnest($1::uuid[], $2::int[]) as held(id, lease)
        on delivery.id = held.id and delivery.leases = held.lease
    where delivery.state = 'waiting'
    for update of delivery skip locked
)
update delivery set lease_until = now() + $3::float8 * interval '1 second'
from ours where delivery.id = ours.id
returning delivery.id
"""

# A result counts only under the newest lease. What waits behind it becomes due with it, and what
# it has overtaken (a resent older version) is not sent any more. All of them are held first, in
# key order, as everybody does who holds more than one.
_SETTLE = """
with result as (
    select * from unnest(
        $1::uuid[], $2::int[], $3::text[], $4::float8[], $5::timestamptz[], $6::int[], $7::int[],
        $8::text[], $9::text[]
    ) as result(id, lease, state, wait, started_at, milliseconds, status, fault, excerpt)
),
place as (
    select delivery.alert_id, delivery.endpoint_id
    from delivery join result on result.id = delivery.id
),
held as materialized (
    select delivery.id
    from delivery join place
        on place.alert_id = delivery.alert_id and place.endpoint_id = delivery.endpoint_id
    where delivery.state = 'waiting'
    order by delivery.id
    for update of delivery
),
settled as (
    update delivery set
        state = result.state,
        attempts = attempts + 1,
        tries = tries + 1,
        lease_until = null,
        due_at = now() + coalesce(result.wait, 0) * interval '1 second',
        settled_at = case when result.state <> 'waiting' then now() end,
        version = version + case when result.state <> 'waiting' then 1 else 0 end
    from held join result on result.id = held.id
    where delivery.id = held.id and delivery.leases = result.lease and delivery.state = 'waiting'
    returning delivery.*
),
behind as (
    update delivery set due_at = settled.due_at
    from settled
    where delivery.alert_id = settled.alert_id and delivery.endpoint_id = settled.endpoint_id
        and delivery.alert_version > settled.alert_version and delivery.state = 'waiting'
),
overtaken as (
    update delivery set state = 'superseded', settled_at = now()
    from settled
    where settled.state = 'delivered'
        and delivery.alert_id = settled.alert_id and delivery.endpoint_id = settled.endpoint_id
        and delivery.alert_version < settled.alert_version and delivery.state = 'waiting'
),
noted as (
    insert into attempt (delivery_id, number, started_at, milliseconds, status, fault, excerpt)
    select settled.id, settled.attempts, result.started_at, result.milliseconds, result.status,
        result.fault, result.excerpt
    from settled join result on result.id = settled.id
)
select id, buyer_id, endpoint_id, alert_id, alert_version, state, attempts, version from settled
"""

_HEALTH = """
with changed as (
    select endpoint.id, heard.well
    from endpoint join unnest($1::uuid[], $2::bool[]) as heard(id, well) on endpoint.id = heard.id
    where (endpoint.failing_since is null) <> heard.well
    order by endpoint.id
    for update of endpoint
)
update endpoint set failing_since = case when changed.well then null else now() end
from changed where endpoint.id = changed.id
"""

_DISABLE = """
update endpoint set disabled_at = now(), disabled_reason = 'gone', version = version + 1
where id = any($1::uuid[]) and disabled_at is null
returning id, buyer_id, version
"""

_LAG = """
select coalesce(extract(epoch from max(now() - delivery.due_at)), 0)::float8
from delivery join endpoint on endpoint.id = delivery.endpoint_id and endpoint.disabled_at is null
where delivery.state = 'waiting' and delivery.due_at < now() and delivery.lease_until is null
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that is ours to send until its lease ends."""

    id: UUID
    lease: int
    endpoint_id: UUID
    tries: int
    url: str
    secret_generation: int
    body: bytes
    trace: Trace | None
    late: float
    """Seconds since it became due."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one attempt, and what is to become of its delivery."""

    delivery_id: UUID
    lease: int
    endpoint_id: UUID
    trace: Trace | None
    state: DeliveryState
    wait: float | None
    """Seconds until the next attempt."""
    started_at: datetime
    milliseconds: int
    status: int | None = None
    fault: str | None = None
    excerpt: str | None = None
    gone: bool = False
    """The endpoint said that it is no more."""


async def claim(
    tx: AsyncConnection, sending: Mapping[UUID, int], *, room: int, limit: int, lease: float
) -> list[Due]:
    """Lease deliveries that are due; nobody else takes them before the lease ends.

    Args:
        tx: the transaction; what is returned is ours once it has committed.
        sending: how many this process is sending to each endpoint already.
        room: the most it sends to one endpoint at once; to one that fails it sends one.
        limit: the most to take now.
        lease: seconds.
    """
    rows = await (await driver(tx)).fetch(
        _CLAIM, list(sending), list(sending.values()), room, limit, lease
    )
    return [Due(**row) for row in rows]


async def renew(tx: AsyncConnection, held: Mapping[UUID, int], *, lease: float) -> set[UUID]:
    """Hold leases for longer; return those that were still ours."""
    rows = await (await driver(tx)).fetch(_RENEW, list(held), list(held.values()), lease)
    return {row["id"] for row in rows}


async def settle(tx: AsyncConnection, results: Sequence[Result], *, now: datetime) -> None:
    """Record attempts and what becomes of their deliveries, and tell DELIVERIES.

    Endpoints are touched before deliveries, as everybody does who touches both.
    """
    connection = await driver(tx)
    health = dict.fromkeys(sorted({one.endpoint_id for one in results}), False)
    for one in results:
        health[one.endpoint_id] |= one.state is DeliveryState.DELIVERED
    await connection.execute(_HEALTH, list(health), list(health.values()))
    events: list[outbox.Prepared] = []
    if gone := {one.endpoint_id: one.trace for one in results if one.gone}:
        rows = await connection.fetch(_DISABLE, sorted(gone))
        events += [outbox.prepare(_disabled(row, now), trace=gone[row["id"]]) for row in rows]
    rows = await connection.fetch(
        _SETTLE,
        [one.delivery_id for one in results],
        [one.lease for one in results],
        [one.state for one in results],
        [one.wait for one in results],
        [one.started_at for one in results],
        [one.milliseconds for one in results],
        [one.status for one in results],
        [one.fault for one in results],
        [one.excerpt for one in results],
    )
    traces = {one.delivery_id: one.trace for one in results}
    events += [
        outbox.prepare(_settled(row, now), trace=traces[row["id"]])
        for row in rows
        if row["state"] != DeliveryState.WAITING
    ]
    await outbox.record(tx, events)


async def lag(tx: AsyncConnection) -> float:
    """For how many seconds the delivery that waits longest has been due."""
    return await (await driver(tx)).fetchval(_LAG)


def _settled(row: asyncpg.Record, now: datetime) -> DeliverySettled:
    fact = DeliverySucceeded if row["state"] == DeliveryState.DELIVERED else DeliveryFailed
    return fact.model_validate(
        {
            "delivery_id": row["id"],
            "buyer_id": row["buyer_id"],
            "endpoint_id": row["endpoint_id"],
            "alert_id": row["alert_id"],
            "alert_version": row["alert_version"],
            "attempts": row["attempts"],
            "version": row["version"],
            "occurred_at": now,
        }
    )


def _disabled(row: asyncpg.Record, now: datetime) -> EndpointDisabled:
    return EndpointDisabled(
        endpoint_id=row["id"],
        buyer_id=row["buyer_id"],
        version=row["version"],
        occurred_at=now,
        reason="gone",
    )
