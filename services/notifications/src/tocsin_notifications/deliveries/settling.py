"""What attempts came to: noted together, with what follows for deliveries and endpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import outbox
from tocsin_common.database import driver
from tocsin_common.telemetry import Trace
from tocsin_notifications.deliveries import news
from tocsin_notifications.deliveries.news import Disabled
from tocsin_notifications.deliveries.outcomes import OF_OURS
from tocsin_notifications.deliveries.queue import Due
from tocsin_notifications.models import DeliveryState

# A plan that was kept from when the tables were empty would read all of them.
_PLAN_ANEW = "select set_config('plan_cache_mode', 'force_custom_plan', true)"

# What our own mail server did not take is no step on the schedule, which ends.
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
        tries = tries + (result.fault is distinct from 'mail_server')::int,
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
select id from settled
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
    join unnest($1::uuid[], $2::text[], $3::bool[], $4::bool[], $5::float8[], $6::bool[])
        as heard(id, address, well, gone, quiet, proven)
        on endpoint.id = heard.id and endpoint.address = heard.address
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


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one attempt, and what is to become of its delivery."""

    delivery_id: UUID
    lease: int
    endpoint_id: UUID
    address: str
    """Where it was sent: an endpoint is judged by what came of its present address."""
    trace: Trace | None
    state: DeliveryState
    news: outbox.Prepared | None
    """What DELIVERIES is told if this result counts; made before, since many wait behind this."""
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
    gathers: bool = False
    """It is a digest: what became of it became of the alerts in it."""
    attempts: int = 1
    """With this one."""
    failing: bool = False
    """The endpoint had been failing, which may end with this."""

    @property
    def says_something(self) -> bool:
        """Whether it says anything about its endpoint but that all is well, as before."""
        if self.fault in OF_OURS:
            return False
        return bool(self.fault or self.quiet or self.proven or self.failing)


def news_of(due: Due, state: DeliveryState, now: datetime) -> outbox.Prepared | None:
    """What DELIVERIES is told of a delivery that has come to an end, and of one with an alert."""
    if state == DeliveryState.WAITING or not due.alert_id or not due.alert_version:
        return None
    return news.of_settled(
        delivery_id=due.id,
        buyer_id=due.buyer_id,
        endpoint_id=due.endpoint_id,
        alert_id=due.alert_id,
        alert_version=due.alert_version,
        attempts=due.attempts + 1,
        version=due.version + 1,
        state=state,
        now=now,
        trace=due.trace,
    )


async def settle(
    tx: AsyncConnection, results: Sequence[Result], *, now: datetime
) -> Sequence[Disabled]:
    """Record attempts and what becomes of their deliveries, and tell DELIVERIES.

    Return the endpoints that this disabled. Endpoints are touched before deliveries, as everybody
    does who touches both.
    """
    disabled = await _judge(tx, results)
    connection = await driver(tx)
    await connection.execute(_PLAN_ANEW)
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
    counted = {row["id"] for row in rows}
    ended = {one.endpoint_id: one.trace for one in results}
    events = [news.of_disabled(one, now, ended[one.endpoint_id]) for one in disabled]
    events += [one.news for one in results if one.news and one.delivery_id in counted]
    await outbox.record(tx, events)
    digests = {
        one.delivery_id: (one.state, one.attempts)
        for one in results
        if one.gathers and one.delivery_id in counted and one.state != DeliveryState.WAITING
    }
    if digests:
        await news.tell_gathered(tx, digests, now)
    return disabled


async def _judge(tx: AsyncConnection, results: Sequence[Result]) -> Sequence[Disabled]:
    """Note how endpoints are, and disable those that are gone or have failed for too long."""
    heard: dict[tuple[UUID, str], list[Result]] = {}
    if not any(one.says_something for one in results):
        return []
    for one in (one for one in results if one.fault not in OF_OURS):
        heard.setdefault((one.endpoint_id, one.address), []).append(one)
    of_each = heard.values()
    rows = await (await driver(tx)).fetch(
        _HEALTH,
        [endpoint_id for endpoint_id, _ in heard],
        [address for _, address in heard],
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
