"""Alerts that ended long ago are let go, with what is known of who was told of them.

One that has not ended is kept, however old: whoever was told must hear what becomes of it.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_notifications.places import ALERT, NO_ALERT

AT_ONCE = 500

_ENDED = """
ended as materialized (
    select newest.alert_id from alert_version as newest
    where newest.slot < now() - $1::interval and newest.type = 'alert.ended'
        and not exists (
            select from alert_version as newer
            where newer.alert_id = newest.alert_id and newer.version > newest.version
        )
    order by newest.slot
    limit $2
)
"""
# One alert may have many deliveries, so they go first, some at a time.
_DELIVERIES = f"""
with {_ENDED},
old as (
    select delivery.id from ended join delivery on delivery.alert_id = ended.alert_id
    order by delivery.id
    limit $2
    for update of delivery skip locked
),
gone as (delete from delivery using old where delivery.id = old.id returning delivery.id)
select count(*) from gone
"""  # noqa: S608 - of constants
_ALERTS = f"""
with {_ENDED},
old as (
    select alert_id from ended
    where not exists (select from delivery where delivery.alert_id = ended.alert_id)
),
versions as (delete from alert_version using old where alert_version.alert_id = old.alert_id),
named as (
    delete from alert_organisation using old where alert_organisation.alert_id = old.alert_id
),
asked as (delete from acknowledgement using old where acknowledgement.alert_id = old.alert_id)
select count(*) from old
"""  # noqa: S608 - of constants
_NO_ALERT = """
with old as (
    select id from delivery
    where alert_id is null and planned_at < now() - $1::interval
    order by planned_at
    limit $2
    for update skip locked
),
gone as (delete from delivery using old where delivery.id = old.id returning delivery.id)
select count(*) from gone
"""


async def purge_deliveries(tx: AsyncConnection) -> int:
    """Let go of some deliveries of alerts that ended long ago; return how many."""
    return await (await driver(tx)).fetchval(_DELIVERIES, ALERT, AT_ONCE)


async def purge_alerts(tx: AsyncConnection) -> int:
    """Let go of some alerts that ended long ago and of which no delivery is left."""
    return await (await driver(tx)).fetchval(_ALERTS, ALERT, AT_ONCE)


async def purge_other_deliveries(tx: AsyncConnection) -> int:
    """Let go of some deliveries that carried no alert, also of those nobody ever tried."""
    return await (await driver(tx)).fetchval(_NO_ALERT, NO_ALERT, AT_ONCE)


PURGES = (purge_deliveries, purge_alerts, purge_other_deliveries)
