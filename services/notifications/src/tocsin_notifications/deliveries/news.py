"""What DELIVERIES is told: deliveries came to an end, endpoints are sent nothing more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import outbox
from tocsin_common.database import driver
from tocsin_common.telemetry import Trace
from tocsin_contracts.events.deliveries import DeliveryFailed, DeliverySucceeded, EndpointDisabled
from tocsin_notifications.models import DeliveryState

# What is not verified stands in no digest, so nothing is told of it here (protection L6).
_GATHERED = """
with member as materialized (
    select id from delivery
    where digest_id = any($1::uuid[]) and state = 'in_digest'
    order by id
    for update
)
update delivery set settled_at = $2, version = version + 1
from member where delivery.id = member.id
returning delivery.id as delivery_id, digest_id, buyer_id, endpoint_id, alert_id, alert_version,
    version
"""


@dataclass(frozen=True, slots=True)
class Disabled:
    """An endpoint that is no longer sent to, as of this transaction."""

    endpoint_id: UUID
    buyer_id: UUID
    reason: str
    version: int


def of_settled(
    *,
    delivery_id: UUID,
    buyer_id: UUID,
    endpoint_id: UUID,
    alert_id: UUID,
    alert_version: int,
    attempts: int,
    version: int,
    state: DeliveryState,
    now: datetime,
    trace: Trace | None = None,
) -> outbox.Prepared:
    """What is told of an alert version that arrived, or was given up."""
    fact = DeliverySucceeded if state == DeliveryState.DELIVERED else DeliveryFailed
    event = fact(
        delivery_id=delivery_id,
        buyer_id=buyer_id,
        endpoint_id=endpoint_id,
        alert_id=alert_id,
        alert_version=alert_version,
        attempts=attempts,
        version=version,
        occurred_at=now,
    )
    return outbox.prepare(event, trace=trace)


def of_disabled(one: Disabled, now: datetime, trace: Trace | None = None) -> outbox.Prepared:
    """What is told of an endpoint that is no longer sent to."""
    event = EndpointDisabled(
        endpoint_id=one.endpoint_id,
        buyer_id=one.buyer_id,
        version=one.version,
        occurred_at=now,
        reason=one.reason,
    )
    return outbox.prepare(event, trace=trace)


async def tell_gathered(
    tx: AsyncConnection, digests: Mapping[UUID, tuple[DeliveryState, int]], now: datetime
) -> None:
    """Tell of each alert in digests what became of its digest, after so many attempts."""
    rows = await (await driver(tx)).fetch(_GATHERED, list(digests), now)
    told: list[outbox.Prepared] = []
    for row in rows:
        state, attempts = digests[row["digest_id"]]
        known = {name: value for name, value in row.items() if name != "digest_id"}
        told.append(of_settled(**known, attempts=attempts, state=state, now=now))
    await outbox.record(tx, told)
