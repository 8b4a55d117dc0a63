"""How an endpoint has done, from its newest attempts."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.database import driver
from tocsin_notifications.schemas import EndpointHealth
from tocsin_notifications.webhooks import service as webhooks

WINDOW = timedelta(days=7)

_HEALTH = """
with newest as (
    select started_at, milliseconds, status, fault from attempt
    where endpoint_id = $1 and started_at >= $2
    order by started_at desc limit 10000
),
answered as (
    select percentile_disc(array[0.5, 0.95, 0.99]) within group (order by milliseconds) as took
    from newest where status is not null
)
select count(*) as attempts,
    count(fault) as failed,
    count(fault)::float8 / nullif(count(*), 0) as failure_rate,
    max(started_at) filter (where fault is null) as last_success_at,
    (select took[1] from answered) as milliseconds_p50,
    (select took[2] from answered) as milliseconds_p95,
    (select took[3] from answered) as milliseconds_p99,
    (
        select count(*) from (
            select from delivery where endpoint_id = $1 and state = 'waiting' limit 10000
        ) as waits
    ) as waiting
from newest
"""


async def of_endpoint(
    session: AsyncSession, buyer_id: UUID, endpoint_id: UUID, now: datetime
) -> EndpointHealth:
    """Say how an endpoint has done in the last days.

    Raises:
        NotFound: this buyer has no such endpoint.
    """
    await webhooks.find(session, buyer_id, endpoint_id)
    connection = await driver(await session.connection())
    row = await connection.fetchrow(_HEALTH, endpoint_id, now - WINDOW)
    return EndpointHealth(since=now - WINDOW, **dict(row or {}))
