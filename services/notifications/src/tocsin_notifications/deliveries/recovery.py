"""Sending again what an endpoint missed since a time."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.database import driver
from tocsin_notifications.deliveries.log import EndpointIsDisabled
from tocsin_notifications.schemas import Recovered
from tocsin_notifications.webhooks import service as webhooks

MOST = 10_000  # deliveries at a time

# An older version is never sent after a newer one that was delivered or waits; the versions of an
# alert that all failed are sent in order.
_RECOVER = """
with again as (
    select delivery.id from delivery
    where delivery.endpoint_id = $1 and delivery.buyer_id = $2 and delivery.planned_at >= $3
        and delivery.purpose in ('alert', 'digest')
        and (delivery.state = 'failed' or ($4 and delivery.state = 'delivered'))
        and not exists (
            select from delivery as newer
            where newer.alert_id = delivery.alert_id and newer.endpoint_id = delivery.endpoint_id
                and newer.alert_version > delivery.alert_version
                and newer.state in ('waiting', 'delivered', 'in_digest')
        )
    order by delivery.id
    limit $5
    for update of delivery
)
update delivery set state = 'waiting', settled_at = null, due_at = now(), tries = 0
from again where delivery.id = again.id
"""


async def recover(
    session: AsyncSession,
    buyer_id: UUID,
    endpoint_id: UUID,
    since: datetime,
    *,
    delivered_too: bool,
) -> Recovered:
    """Send again what failed since a time, with the same ids and bytes.

    Raises:
        NotFound: this buyer has no such endpoint.
        EndpointIsDisabled: it is sent nothing.
    """
    endpoint = await webhooks.find(session, buyer_id, endpoint_id, lock=True)
    if endpoint.disabled_at:
        raise EndpointIsDisabled
    connection = await driver(await session.connection())
    done = await connection.execute(_RECOVER, endpoint_id, buyer_id, since, delivered_too, MOST)
    count = int(done.split()[-1])
    return Recovered(sent_again=count, more=count == MOST)
