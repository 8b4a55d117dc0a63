"""Who is told what: deliveries are planned with the event that causes them, in its transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_common.errors import RuleBroken
from tocsin_common.listening import Told
from tocsin_common.signatures import ForgedStatement, Verifier
from tocsin_common.telemetry import Trace, counter
from tocsin_contracts.alerts import Alert, Level
from tocsin_contracts.events.alerts import AlertTold
from tocsin_notifications.matching import Seen, seen, terms_of_alert
from tocsin_notifications.payload import body_of, type_of

planned = counter("deliveries_planned_total", "Deliveries planned")

_KEEP_ALERTS = """
insert into alert_version (alert_id, version, type, level, slot, body, trace)
select * from unnest(
    $1::uuid[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::bytea[], $7::text[]
)
on conflict do nothing
"""

# An endpoint that still waits for an older version gets this one after it, so it is due no sooner;
# unless that is pressing, like a correction, which goes past it.
_PLAN = """
with alert as materialized (
    select * from unnest(
        $1::uuid[], $2::int[], $3::bool[], $4::bool[], $5::bool[], $6::text[], $7::text[]
    ) as alert(alert_id, version, unverified, ended, reaches_all_told, country, issue_group)
),
hearer as materialized (
    select distinct alert.*, reach.buyer_id
    from unnest($8::uuid[], $9::uuid[]) as named(alert_id, organisation_id)
    join alert on alert.alert_id = named.alert_id and not alert.ended
    join reach on reach.organisation_id = named.organisation_id
    join buyer on buyer.id = reach.buyer_id and buyer.active
        and (buyer.undertaking_signed or not alert.unverified)
),
matching as (
    select hearer.alert_id, wish.id, wish.buyer_id, wish.every_endpoint
    from unnest($10::uuid[], $11::text[]) as of_alert(alert_id, term)
    join hearer on hearer.alert_id = of_alert.alert_id
    join subscription_term as of_subscription
        on of_subscription.buyer_id = hearer.buyer_id and of_subscription.term = of_alert.term
    join subscription as wish on wish.id = of_subscription.subscription_id
    where (wish.countries = '{}' or hearer.country = any(wish.countries))
        and (wish.issue_groups = '{}' or hearer.issue_group = any(wish.issue_groups))
),
to_tell as (
    select alert_id, endpoint.id as endpoint_id
    from matching join endpoint on endpoint.buyer_id = matching.buyer_id
    where matching.every_endpoint
    union
    select alert_id, subscription_endpoint.endpoint_id
    from matching join subscription_endpoint on subscription_endpoint.subscription_id = matching.id
    union
    select delivery.alert_id, delivery.endpoint_id
    from delivery join alert on alert.alert_id = delivery.alert_id
    left join buyer on buyer.id = delivery.buyer_id and buyer.active
        and (buyer.undertaking_signed or not alert.unverified)
    where alert.reaches_all_told or buyer.id is not null
)
insert into delivery (
    id, buyer_id, endpoint_id, purpose, alert_id, alert_version, pressing, state,
    planned_at, due_at, leases, attempts, tries, version
)
select gen_random_uuid(), endpoint.buyer_id, endpoint.id, 'alert', alert.alert_id, alert.version,
    alert.reaches_all_told, 'waiting', now(), greatest(now(), (
        select max(older.due_at) from delivery as older
        where older.alert_id = alert.alert_id and older.endpoint_id = endpoint.id
            and older.state = 'waiting' and not alert.reaches_all_told
    )), 0, 0, 0, 0
from to_tell
join alert on alert.alert_id = to_tell.alert_id
join endpoint on endpoint.id = to_tell.endpoint_id
order by endpoint.id
on conflict do nothing
"""


class NotForBuyers(RuleBroken):
    """An alert at this level is nobody's but the monitoring organisation's."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """An alert that cases signed, as it will be told."""

    alert: Alert
    seen: Seen
    body: bytes
    trace: Trace | None


def announce(verifier: Verifier, portal_url: str, told: Told[AlertTold]) -> Announcement:
    """Return what an event announces.

    Raises:
        ForgedStatement: cases did not sign it, or signed it as something else.
        NotForBuyers: it was not released to buyers.
    """
    event = told.event
    verifier.verify(event.statement, event.signature, by=event.key_id)
    alert = Alert.model_validate_json(event.statement)
    if (alert.alert_id, alert.version) != (event.alert_id, event.version):
        raise ForgedStatement
    if alert.level is Level.INTERNAL:
        raise NotForBuyers
    return Announcement(alert, seen(alert), body_of(alert, portal_url), told.trace)


async def plan_deliveries(tx: AsyncConnection, announcements: Sequence[Announcement]) -> None:
    """Plan a delivery to every endpoint that should hear of these alerts.

    That is who subscribed to what an alert shows and reaches one of its organisations, and who
    was told of it before. What is sent, and under which id, is settled here for all attempts.
    """
    alerts = [one.alert for one in announcements]
    shown = [one.seen for one in announcements]
    named = [(one.alert_id, organisation) for one in shown for organisation in one.organisations]
    terms = [(one.alert_id, term) for one in shown for term in terms_of_alert(one)]
    connection = await driver(tx)
    await connection.execute(
        _KEEP_ALERTS,
        [one.alert_id for one in alerts],
        [one.version for one in alerts],
        [type_of(one) for one in alerts],
        [one.level for one in alerts],
        [one.slot for one in alerts],
        [one.body for one in announcements],
        [one.trace for one in announcements],
    )
    done = await connection.execute(
        _PLAN,
        [one.alert_id for one in shown],
        [one.version for one in shown],
        [one.unverified for one in shown],
        [one.ended for one in shown],
        [one.reaches_all_told for one in shown],
        [one.country for one in shown],
        [one.issue_group for one in shown],
        [alert_id for alert_id, _ in named],
        [organisation for _, organisation in named],
        [alert_id for alert_id, _ in terms],
        [term for _, term in terms],
    )
    planned.inc(int(done.split()[-1]))
