"""The queue of deliveries that are due: leased, in order for each alert, fair to each endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_common.telemetry import Trace
from tocsin_notifications.models import Kind

# Who claims claims alone, so that what one took is seen by the next: two versions of an alert are
# never on their way to one endpoint, and nobody's rate is spent twice.
# The plan is made for the tables as they are now, since one that was kept from when they were empty
# reads all of them; what is due is read in the index's order, and reading ends with the room.
# A lease that a power cut undoes is taken again, and the same id and bytes are sent again.
# Each kind of endpoint has its own lock, and so its own queue.
_ALONE = """
select pg_advisory_xact_lock(7463241905217 + hashtext($1)),
    set_config('synchronous_commit', 'off', true),
    set_config('plan_cache_mode', 'force_custom_plan', true),
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
    where endpoint.kind = $6 and endpoint.disabled_at is null
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
                    and (case when other.alert_version < delivery.alert_version
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
                    {of_digests})
            )
            {digests}
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
    leased.alert_id, leased.alert_version, leased.attempts, leased.tries, leased.version,
    open.failing_since is not null as failing,
    open.kind, open.address, open.secret_generation,
    case when open.previous_until > now() then open.previous_generation end as previous_generation,
    coalesce(leased.body, alert_version.body) as body, alert_version.trace,
    extract(epoch from now() - leased.due_at)::float8 as late
from leased
join open on open.id = leased.endpoint_id
left join alert_version on alert_version.alert_id = leased.alert_id
    and alert_version.version = leased.alert_version
"""

# A digest is written when it is sent, from what its reader has been told by then. So it and a mail
# about an alert in it are never on their way at once: the mail goes first, unless the digest is
# leased already. Only mail has digests; nobody else plans for them.
_CLAIM_MAIL = _CLAIM.format(
    of_digests="""
                    or other.state = 'in_digest' and exists (
                        select from delivery as digest
                        where digest.id = other.digest_id and digest.state = 'waiting'
                            and digest.lease_until > now()
                    )""",
    digests="""
            and not (delivery.purpose = 'digest' and exists (
                select from delivery as told
                join delivery as other on other.alert_id = told.alert_id
                    and other.endpoint_id = told.endpoint_id
                where told.digest_id = delivery.id and other.state = 'waiting'
                    and (other.lease_until > now() or other.due_at <= now())
            ))""",
)
_CLAIM_OTHER = _CLAIM.format(of_digests="", digests="")

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

_LAG = """
select coalesce(extract(epoch from max(now() - delivery.due_at)), 0)::float8
from delivery join endpoint on endpoint.id = delivery.endpoint_id and endpoint.disabled_at is null
    and endpoint.kind <> 'listen'
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
    attempts: int
    """Made before this one."""
    tries: int
    version: int
    failing: bool
    """Its endpoint has failed with everything for a while."""
    kind: str
    address: str
    secret_generation: int
    previous_generation: int | None
    """Its secret signs as well, while it is being replaced."""
    body: bytes
    trace: Trace | None
    late: float
    """Seconds since it became due."""


async def claim(
    tx: AsyncConnection,
    kind: Kind,
    sending: Mapping[UUID, int],
    *,
    room: int,
    limit: int,
    lease: float,
) -> list[Due]:
    """Lease deliveries that are due; nobody else takes them before the lease ends.

    Args:
        tx: the transaction; what is returned is ours once it has committed.
        kind: to endpoints of which kind.
        sending: how many this process is sending to each endpoint already.
        room: the most it sends to one endpoint at once; to one that fails it sends one.
        limit: the most to take now.
        lease: seconds.
    """
    connection = await driver(tx)
    await connection.execute(_ALONE, kind)
    statement = _CLAIM_MAIL if kind is Kind.EMAIL else _CLAIM_OTHER
    busy = list(sending), list(sending.values())
    rows = await connection.fetch(statement, *busy, room, limit, lease, kind)
    return [Due(**row) for row in rows]


async def renew(tx: AsyncConnection, held: Mapping[UUID, int], *, lease: float) -> set[UUID]:
    """Hold leases for longer; return those that were still ours."""
    rows = await (await driver(tx)).fetch(_RENEW, list(held), list(held.values()), lease)
    return {row["id"] for row in rows}


async def lag(tx: AsyncConnection) -> float:
    """For how many seconds the delivery that waits longest has been due."""
    return await (await driver(tx)).fetchval(_LAG)
