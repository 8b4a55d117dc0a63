"""Which alerts go into which digest."""

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_notifications.alerts.planning import GATHERING

MOST_ALERTS = 100  # in one digest; more make another
MOST_AT_ONCE = 1000  # collected alerts in one transaction

# What is collected for an address that is gone, or wants no mail any more, goes nowhere. Whoever
# gathers holds the rows, so that two processes never put one alert into two digests.
_GATHER = """
with ripe as (
    select delivery.id, delivery.endpoint_id, delivery.alert_id, delivery.alert_version
    from delivery
    where delivery.state = 'collected' and delivery.due_at <= now()
    order by delivery.due_at, delivery.endpoint_id, delivery.id
    limit $1
    for update skip locked
),
wanted as (
    select ripe.*, endpoint.buyer_id, (
        row_number() over (partition by ripe.endpoint_id order by ripe.alert_id, ripe.id) - 1
    ) / $2 as part
    from ripe
    join endpoint on endpoint.id = ripe.endpoint_id and endpoint.verified_at is not null
    join buyer on buyer.id = endpoint.buyer_id and buyer.active
),
digest as materialized (
    select gen_random_uuid() as id, endpoint_id, buyer_id, part, json_build_object(
        'type', 'alert.digest',
        'data', json_build_object('alerts', json_agg(
            json_build_object('alert_id', alert_id, 'version', alert_version)
            order by alert_id
        ))
    )::text as body
    from wanted
    group by endpoint_id, buyer_id, part
),
planned as (
    insert into delivery (
        id, buyer_id, endpoint_id, purpose, body, pressing, state, planned_at, due_at,
        leases, attempts, tries, version
    )
    select id, buyer_id, endpoint_id, 'digest', convert_to(body, 'UTF8'), false, 'waiting',
        now(), now(), 0, 0, 0, 0
    from digest
    order by endpoint_id, part
),
gathered as (
    update delivery set state = 'in_digest', digest_id = digest.id, settled_at = now()
    from wanted join digest using (endpoint_id, part)
    where delivery.id = wanted.id
),
unwanted as (
    update delivery set state = 'cancelled', settled_at = now()
    from ripe
    where delivery.id = ripe.id and ripe.id not in (select id from wanted)
)
select count(*) from ripe
"""


async def gather(tx: AsyncConnection) -> int:
    """Put what is ripe into digests and plan their deliveries; return how many alerts that was."""
    connection = await driver(tx)
    await connection.execute("select pg_advisory_xact_lock($1)", GATHERING)
    return await connection.fetchval(_GATHER, MOST_AT_ONCE, MOST_ALERTS)
