"""What notifications can tell again: deliveries that came to an end, and endpoints it disabled.

A delivery that is being sent again is told once it has come to its next end. When it ended is told
as the database has it, a moment off what was told before.
"""

from asyncpg import Record

from tocsin_common.retelling import Chapter
from tocsin_contracts.events.deliveries import (
    DeliveryFailed,
    DeliverySettled,
    DeliverySucceeded,
    EndpointDisabled,
)
from tocsin_notifications.models import DeliveryState

# What became of an alert in a digest is what became of the digest's own delivery.
_SETTLED = """
d.buyer_id, d.endpoint_id, d.alert_id, d.alert_version, d.version, d.settled_at,
coalesce(digest.state, d.state) as state, coalesce(digest.attempts, d.attempts) as attempts
"""
_ENDED = """
d.alert_id is not null and d.version > 0 and d.settled_at is not null
and coalesce(digest.state, d.state) in ('delivered', 'failed')
and d.state in ('delivered', 'failed', 'in_digest')
"""


def _delivery(row: Record) -> DeliverySettled:
    fact = DeliverySucceeded if row["state"] == DeliveryState.DELIVERED else DeliveryFailed
    return fact(
        occurred_at=row["settled_at"],
        version=row["version"],
        delivery_id=row["id"],
        buyer_id=row["buyer_id"],
        endpoint_id=row["endpoint_id"],
        alert_id=row["alert_id"],
        alert_version=row["alert_version"],
        attempts=max(row["attempts"], 1),
    )


def _endpoint(row: Record) -> EndpointDisabled:
    return EndpointDisabled(
        occurred_at=row["disabled_at"],
        version=row["version"],
        endpoint_id=row["id"],
        buyer_id=row["buyer_id"],
        reason=row["disabled_reason"],
    )


CHAPTERS = (
    Chapter(
        "deliveries",
        _SETTLED,
        "delivery d left join delivery digest on digest.id = d.digest_id",
        _delivery,
        id="d.id",
        only=_ENDED,
    ),
    Chapter(
        "disabled_endpoints",
        "buyer_id, version, disabled_at, disabled_reason",
        "endpoint",
        _endpoint,
        only="disabled_at is not null and version > 0",
    ),
)
