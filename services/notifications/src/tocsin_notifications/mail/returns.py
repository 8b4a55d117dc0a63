"""What follows from mail that came back: the delivery has failed, its address may be given up."""

from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import outbox
from tocsin_common.database import driver
from tocsin_common.telemetry import counter
from tocsin_notifications.deliveries import news
from tocsin_notifications.deliveries.news import Disabled
from tocsin_notifications.mail import notices
from tocsin_notifications.mail.bounces import Report
from tocsin_notifications.models import DeliveryState, Purpose

returned = counter("mails_returned_total", "Messages that came back, by what they say", ["outcome"])

# One that comes back now and then is not given up: it has to have done nothing else for five days.
_ADDRESS = """
with address as (
    select endpoint.*, case
            when endpoint.bounced_at > now() - interval '14 days' and not exists (
                select from attempt join delivery on delivery.id = attempt.delivery_id
                where attempt.endpoint_id = endpoint.id and attempt.fault is null
                    and attempt.started_at > endpoint.bouncing_since
                    and attempt.started_at < now() - interval '1 day'
                    and delivery.state = 'delivered' and delivery.id <> $1
            ) then endpoint.bouncing_since
        end as since
    from delivery join endpoint on endpoint.id = delivery.endpoint_id
    where delivery.id = $1 and delivery.state = 'delivered'
        and endpoint.kind = 'email' and endpoint.disabled_at is null
    for update of endpoint
),
judged as (
    select address.id, coalesce(address.since, now()) as since, case
            when $2 then 'bounced'
            when address.since < now() - interval '5 days' then 'bouncing'
        end as verdict
    from address
)
update endpoint set
    bouncing_since = judged.since,
    bounced_at = now(),
    disabled_at = case when verdict <> '' then now() end,
    disabled_reason = verdict,
    version = version + (verdict is not null)::int
from judged where endpoint.id = judged.id
returning endpoint.id as endpoint_id, endpoint.buyer_id, endpoint.disabled_reason as reason,
    endpoint.version
"""
# What was handed over and came back has failed; what is being sent again has not yet.
_DELIVERY = """
with held as (
    select id from delivery where id = $1 and state = 'delivered' for update
),
failed as (
    update delivery set state = 'failed', settled_at = now(), version = version + 1
    from held where delivery.id = held.id
    returning delivery.*
),
noted as (
    update attempt set fault = 'bounced', excerpt = $2
    from failed where attempt.delivery_id = failed.id and attempt.number = failed.attempts
)
select id as delivery_id, buyer_id, endpoint_id, alert_id, alert_version, purpose, attempts,
    version
from failed
"""


async def note(tx: AsyncConnection, delivery_id: UUID, report: Report, now: datetime) -> None:
    """Note what came back of a delivery; the same report again changes nothing.

    There is nobody: its address is sent nothing more, and its buyer hears of that. Else it is
    given up after five days in which everything came back.
    """
    connection = await driver(tx)
    judged = await connection.fetch(_ADDRESS, delivery_id, report.for_good)
    disabled = [Disabled(**row) for row in judged if row["reason"]]
    failed = await connection.fetchrow(_DELIVERY, delivery_id, report.said)
    await outbox.record(tx, [news.of_disabled(one, now) for one in disabled])
    if disabled:
        await notices.plan(tx, disabled)
    if not failed:
        return
    if failed["alert_id"]:
        told = news.of_settled(**_told(failed), state=DeliveryState.FAILED, now=now)
        await outbox.record(tx, [told])
    if failed["purpose"] == Purpose.DIGEST:
        await news.tell_gathered(tx, {delivery_id: (DeliveryState.FAILED, failed["attempts"])}, now)


def _told(row: Record) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "purpose"}
