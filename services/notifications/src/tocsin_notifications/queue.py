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

# Who claims claims alone, so that what one took is seen by the next: two versions of an alert are
# never on their way to one endpoint, and nobody's rate is spent twice.
# The plan is nailed down: what is due is read in the index's order, and reading ends with the room.
_ALONE = """
select pg_advisory_xact_lock(7463241905217),
    set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true)
"""

# The endpoints with something waiting are found by leaping over the index from one to the next,
# and each gives up at most what it has room for: the cost does not grow with what waits, and an
# endpoint that hangs takes no turn of another. A newer version waits for the older ones, unless its
# endpoint wants the latest only, or is paused and would not get them. An endpoint with a rate has a
# bucket that holds what comes in ten seconds; it is full at `full` and has been spent up to
# `spent`.
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
ready as materialized (
    select endpoint.*
    from waiting join endpoint on endpoint.id = waiting.endpoint_id
    where endpoint.disabled_at is null
        and (endpoint.quiet_until is null or endpoint.quiet_until <= now())
),
rated as materialized (
    select endpoint.id, interval '1 minute' / endpoint.rate_per_minute as each,
        greatest(
            endpoint.spoken_for_until,
            now() - interval '1 minute' / endpoint.rate_per_minute
                * greatest(1, endpoint.rate_per_minute / 6)
        ) as spent
    from endpoint
    where endpoint.id in (select id from ready where rate_per_minute is not null)
    order by endpoint.id
    for update skip locked
),
open as materialized (
    select ready.*, rated.each, rated.spent, least(
        case when ready.failing_since is null then $3 else 1 end - coalesce(busy.sending, 0),
        case when ready.rate_per_minute is not null then coalesce(
            floor(extract(epoch from now() - rated.spent) / extract(epoch from rated.each) + 1e-6),
            0
        ) end
    )::int as room
    from ready
    left join rated on rated.id = ready.id
    left join unnest($1::uuid[], $2::int[]) as busy(endpoint_id, sending)
        on busy.endpoint_id = ready.id
    order by random()
),
due as (
    select open.id as endpoint_id, first.id
    from open cross join lateral (
        select delivery.id
        from (
            select id, due_at from delivery
            where endpoint_id = open.id and state = 'waiting' and due_at <= now()
                and (lease_until is null or lease_until < now())
                and (pressing or open.paused_at is null)
                and (open.kind = 'webhook' or open.verified_at is not null
                    or purpose = 'verification')
            order by due_at
            limit 4 * open.room + 64
        ) as next
        join delivery on delivery.id = next.id
        where delivery.state = 'waiting'
            and (delivery.lease_until is null or delivery.lease_until < now())
            and not exists (
                select from delivery as other
                where other.alert_id = delivery.alert_id
                    and other.endpoint_id = delivery.endpoint_id
                    and case when other.alert_version < delivery.alert_version
                        then other.state = 'waiting' and (
                            other.lease_until > now()
                            or not (open.latest_only
                                or delivery.pressing and open.paused_at is not null)
                        )
                        else other.alert_version > delivery.alert_version and (
                            other.state = 'delivered'
                            or other.lease_until > now()
                            or other.state = 'waiting' and (open.latest_only
                                or other.pressing and open.paused_at is not null)
                        )
                    end
            )
        order by next.due_at
        limit open.room
        for update of delivery skip locked
    ) as first
    where open.room > 0
    limit $4
),
spending as (
    update endpoint set spoken_for_until = rated.spent + rated.each * taken.number
    from rated
    join (select endpoint_id, count(*) as number from due group by endpoint_id) as taken
        on taken.endpoint_id = rated.id
    where endpoint.id = rated.id
),
leased as (
    update delivery set lease_until = now() + $5::float8 * interval '1 second', leases = leases + 1
    from due
    where delivery.id = due.id
    returning delivery.*
)
select leased.id, leased.leases as lease, leased.buyer_id, leased.endpoint_id, leased.purpose,
    leased.alert_id, leased.alert_version, leased.tries,
    open.kind, open.address, open.secret_generation,
    case when open.previous_until > now() then open.previous_generation end as previous_generation,
    coalesce(leased.body, alert_version.body) as body, alert_version.trace,
    extract(epoch from now() - leased.due_at)::float8 as late
from leased
join open on open.id = leased.endpoint_id
left join alert_version on alert_version.alert_id = leased.alert_id
    and alert_version.version = leased.alert_version
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
with result as materialized (
    select * from unnest(
        $1::uuid[], $2::int[], $3::text[], $4::float8[], $5::timestamptz[], $6::int[], $7::int[],
        $8::text[], $9::text[]
    ) as result(id, lease, state, wait, started_at, milliseconds, status, fault, excerpt)
),
held as materialized (
    select id, alert_id, endpoint_id, alert_version, pressing from delivery
    where state = 'waiting' and id = any(array(
        select unnest($1::uuid[])
        union
        select other.id
        from (
            select alert_id, endpoint_id from delivery where id = any($1::uuid[])
        ) as mine
        cross join lateral (
            select id from delivery
            where alert_id = mine.alert_id and endpoint_id = mine.endpoint_id
                and state = 'waiting'
            offset 0
        ) as other
    ))
    order by id
    for update
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
other as (
    select held.id, settled.state, settled.due_at,
        held.alert_version > settled.alert_version as newer, held.pressing
    from held join settled
        on held.alert_id = settled.alert_id and held.endpoint_id = settled.endpoint_id
    where held.alert_version <> settled.alert_version
),
behind as (
    update delivery set due_at = other.due_at
    from other
    where delivery.id = other.id and other.newer and not other.pressing
),
overtaken as (
    update delivery set state = 'superseded', settled_at = now()
    from other
    where delivery.id = other.id and not other.newer and other.state <> 'waiting'
),
noted as (
    insert into attempt (
        delivery_id, number, endpoint_id, started_at, milliseconds, status, fault, excerpt
    )
    select settled.id, settled.attempts, settled.endpoint_id, result.started_at,
        result.milliseconds, result.status, result.fault, result.excerpt
    from settled join result on result.id = settled.id
)
select id, buyer_id, endpoint_id, alert_id, alert_version, state, attempts, version from settled
"""

# Failures count as a row of them while they follow each other within the longest wait between two
# attempts. One that fails for long is tried less often: a tenth of that time lies between tries.
_HEALTH = """
with changed as (
    select endpoint.id, heard.well, heard.gone, heard.quiet, heard.proven, case
            when heard.well then null
            when endpoint.failed_at < now() - interval '36 hours' then now()
            else coalesce(endpoint.failing_since, now())
        end as failing_since
    from endpoint
    join unnest($1::uuid[], $2::bool[], $3::bool[], $4::float8[], $5::bool[])
        as heard(id, well, gone, quiet, proven)
        on endpoint.id = heard.id
    where not heard.well or heard.quiet is not null or heard.proven
        or endpoint.failing_since is not null
    order by endpoint.id
    for update of endpoint
),
judged as (
    select changed.*, case
            when changed.gone then 'gone'
            when changed.failing_since < now() - interval '5 days' then 'failing'
        end as verdict,
        greatest(changed.quiet, case when not changed.well then least(
            300, extract(epoch from now() - changed.failing_since)::float8 / 10
        ) end) as pause
    from changed
)
update endpoint set
    failing_since = judged.failing_since,
    failed_at = case when not judged.well then now() end,
    verified_at = case when judged.proven then now() else endpoint.verified_at end,
    quiet_until = now() + judged.pause * interval '1 second',
    disabled_at = coalesce(endpoint.disabled_at, case when judged.verdict <> '' then now() end),
    disabled_reason = coalesce(endpoint.disabled_reason, judged.verdict),
    version = version + case when endpoint.disabled_at is null and judged.verdict <> ''
        then 1 else 0 end
from judged where endpoint.id = judged.id
returning endpoint.id as endpoint_id, endpoint.buyer_id, endpoint.disabled_reason as reason,
    endpoint.version, endpoint.disabled_at is not distinct from now() as newly
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
    buyer_id: UUID
    endpoint_id: UUID
    purpose: str
    alert_id: UUID | None
    alert_version: int | None
    tries: int
    kind: str
    address: str
    secret_generation: int
    previous_generation: int | None
    """Its secret signs as well, while it is being replaced."""
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
    quiet: float | None = None
    """Seconds for which the endpoint is to be left alone."""
    proven: bool = False
    """The endpoint showed that it wants to be told."""


@dataclass(frozen=True, slots=True)
class Disabled:
    """An endpoint that is no longer sent to, as of this transaction."""

    endpoint_id: UUID
    buyer_id: UUID
    reason: str
    version: int


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
    connection = await driver(tx)
    await connection.execute(_ALONE)
    rows = await connection.fetch(_CLAIM, list(sending), list(sending.values()), room, limit, lease)
    return [Due(**row) for row in rows]


async def renew(tx: AsyncConnection, held: Mapping[UUID, int], *, lease: float) -> set[UUID]:
    """Hold leases for longer; return those that were still ours."""
    rows = await (await driver(tx)).fetch(_RENEW, list(held), list(held.values()), lease)
    return {row["id"] for row in rows}


async def settle(
    tx: AsyncConnection, results: Sequence[Result], *, now: datetime
) -> Sequence[Disabled]:
    """Record attempts and what becomes of their deliveries, and tell DELIVERIES.

    Return the endpoints that this disabled. Endpoints are touched before deliveries, as everybody
    does who touches both.
    """
    disabled = await _judge(tx, results)
    connection = await driver(tx)
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
    ended = {one.endpoint_id: one.trace for one in results}
    events = [outbox.prepare(_disabled(one, now), trace=ended[one.endpoint_id]) for one in disabled]
    events += [
        outbox.prepare(_settled(row, now), trace=traces[row["id"]])
        for row in rows
        if row["state"] != DeliveryState.WAITING and row["alert_id"]
    ]
    await outbox.record(tx, events)
    return disabled


async def _judge(tx: AsyncConnection, results: Sequence[Result]) -> Sequence[Disabled]:
    """Note how endpoints are, and disable those that are gone or have failed for too long."""
    heard: dict[UUID, list[Result]] = {}
    for one in results:
        heard.setdefault(one.endpoint_id, []).append(one)
    of_each = heard.values()
    rows = await (await driver(tx)).fetch(
        _HEALTH,
        list(heard),
        [any(one.fault is None for one in those) for those in of_each],
        [any(one.gone for one in those) for those in of_each],
        [max((one.quiet for one in those if one.quiet), default=None) for those in of_each],
        [any(one.proven for one in those) for those in of_each],
    )
    return [
        Disabled(row["endpoint_id"], row["buyer_id"], row["reason"], row["version"])
        for row in rows
        if row["newly"]
    ]


async def lag(tx: AsyncConnection) -> float:
    """For how many seconds the delivery that waits longest has been due."""
    return await (await driver(tx)).fetchval(_LAG)


def _settled(row: asyncpg.Record, now: datetime) -> DeliverySettled:
    fact = DeliverySucceeded if row["state"] == DeliveryState.DELIVERED else DeliveryFailed
    return fact(
        delivery_id=row["id"],
        buyer_id=row["buyer_id"],
        endpoint_id=row["endpoint_id"],
        alert_id=row["alert_id"],
        alert_version=row["alert_version"],
        attempts=row["attempts"],
        version=row["version"],
        occurred_at=now,
    )


def _disabled(one: Disabled, now: datetime) -> EndpointDisabled:
    return EndpointDisabled(
        endpoint_id=one.endpoint_id,
        buyer_id=one.buyer_id,
        version=one.version,
        occurred_at=now,
        reason=one.reason,
    )
