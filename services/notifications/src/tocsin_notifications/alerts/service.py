"""Who is told what: deliveries are planned with the event that causes them, in its transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_common.errors import RuleBroken
from tocsin_common.listening import Told
from tocsin_common.signatures import ForgedStatement, Verifier
from tocsin_common.telemetry import Trace, counter
from tocsin_contracts.alerts import Alert, Level
from tocsin_contracts.events.alerts import AlertTold
from tocsin_notifications.alerts import planning
from tocsin_notifications.alerts.matching import Seen, seen, terms_of_alert
from tocsin_notifications.models import DeliveryState
from tocsin_notifications.subscriptions.timing import Timing, zone_of
from tocsin_notifications.webhooks.payload import body_of, type_of

planned = counter("deliveries_planned_total", "Deliveries planned")


class NotForBuyers(RuleBroken):
    """An alert at this level is nobody's but the monitoring organisation's."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """An alert that cases signed, as it will be told."""

    alert: Alert
    seen: Seen
    body: bytes
    statement: str
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
    return Announcement(alert, seen(alert), body_of(alert, portal_url), event.statement, told.trace)


async def plan_deliveries(
    tx: AsyncConnection, announcements: Sequence[Announcement], now: datetime
) -> None:
    """Plan a delivery to every endpoint that should hear of these alerts.

    That is who subscribed to what an alert shows and reaches one of its organisations, and who
    was told of it before. What is sent, and under which id, is settled here for all attempts.
    """
    await _keep(tx, announcements)
    connection = await driver(tx)
    await connection.execute(planning.BEGIN, planning.GATHERING)
    rows = await connection.fetch(planning.PLAN, *arguments(announcements))
    planned.inc(len(rows))
    await _postpone(tx, [row for row in rows if row["timings"]], now)


def arguments(announcements: Sequence[Announcement]) -> Sequence[Sequence[object]]:
    """What `planning.PLAN` is told of alerts."""
    shown = [one.seen for one in announcements]
    named = [(one.alert_id, *named) for one in shown for named in one.organisations]
    terms = [(one.alert_id, term) for one in shown for term in terms_of_alert(one)]
    return (
        [one.alert_id for one in shown],
        [one.version for one in shown],
        [one.level for one in shown],
        [one.unverified for one in shown],
        [one.ended for one in shown],
        [one.reaches_all_told for one in shown],
        [one.country for one in shown],
        [one.issue_group for one in shown],
        [one.severity for one in shown],
        [one.facility for one in shown],
        [type_of(one.alert) for one in announcements],
        [alert_id for alert_id, _, _ in named],
        [organisation for _, organisation, _ in named],
        [" ".join(roles) for _, _, roles in named],
        [alert_id for alert_id, _ in terms],
        [term for _, term in terms],
    )


async def _keep(tx: AsyncConnection, announcements: Sequence[Announcement]) -> None:
    """Keep what is told: for the deliveries, for previews, and for mails on what is confirmed."""
    alerts = [one.alert for one in announcements]
    named = [(one.seen, *named) for one in announcements for named in one.seen.organisations]
    await (await driver(tx)).execute(
        planning.KEEP,
        [one.alert_id for one in alerts],
        [one.version for one in alerts],
        [type_of(one) for one in alerts],
        [one.level for one in alerts],
        [one.slot for one in alerts],
        [one.body for one in announcements],
        [one.trace for one in announcements],
        [one.country for one in alerts],
        [one.issue_group for one in alerts],
        [one.severity for one in alerts],
        [one.seen.facility for one in announcements],
        [None if one.seen.unverified else one.statement for one in announcements],
        [alert.alert_id for alert, _, _ in named],
        [alert.version for alert, _, _ in named],
        [organisation for _, organisation, _ in named],
        [" ".join(roles) for _, _, roles in named],
    )


async def _postpone(tx: AsyncConnection, rows: Sequence[Record], now: datetime) -> None:
    """Let mails wait as their subscriptions say; the one that would be sent first decides."""
    later: list[tuple[UUID, DeliveryState, datetime]] = []
    for row in rows:
        timings = [Timing.read(one) for one in row["timings"]]
        zone = zone_of(row["time_zone"])
        moment, digest = min(
            (one.next_moment(now, zone), one.digest is not None) for one in timings
        )
        # What is not verified stands in no digest (protection L6): it goes out by itself then.
        collected = digest and not row["unverified"]
        state = DeliveryState.COLLECTED if collected else DeliveryState.WAITING
        if moment > now:
            later.append((row["id"], state, moment))
    if later:
        await (await driver(tx)).execute(
            planning.POSTPONE,
            [one for one, _, _ in later],
            [state for _, state, _ in later],
            [moment for _, _, moment in later],
        )
