"""Alerts that ended long ago are let go, with every version of them."""

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_buyer_portal_api.places import ALERT
from tocsin_common.database import driver

AT_ONCE = 500

_PURGE = """
with old as (
    delete from alert where alert_id in (
        select alert_id from alert where slot < now() - $1::interval and state = 'ended'
        order by slot limit $2
    ) returning alert_id
), versions as (
    delete from alert_version using old where alert_version.alert_id = old.alert_id
), named as (
    delete from alert_organisation using old where alert_organisation.alert_id = old.alert_id
)
select count(*) from old
"""


async def purge(tx: AsyncConnection) -> int:
    """Let go of some alerts that ended longer ago than the register says; return how many."""
    return await (await driver(tx)).fetchval(_PURGE, ALERT, AT_ONCE)
