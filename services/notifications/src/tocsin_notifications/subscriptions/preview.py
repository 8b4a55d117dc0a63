"""What a subscription would have told: by the same rules, over what was told to anybody."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.database import driver
from tocsin_contracts.alerts import Level
from tocsin_notifications.alerts.matching import LEVELS
from tocsin_notifications.models import Buyer
from tocsin_notifications.subscriptions.models import PreviewView
from tocsin_notifications.subscriptions.schemas import AlertPreviewed, Conditions, Preview
from tocsin_notifications.subscriptions.service import check
from tocsin_notifications.webhooks.payload import link_to

DAYS = 90
MOST_SHOWN = 200

# An alert is told from its first version that meets the conditions on, as `planning` does it.
_TOLD = """
with begun as (
    select alert.alert_id, min(alert.version) as first
    from alert_version as alert
    where alert.slot >= $2 and alert.type <> 'alert.ended'
        and (alert.level <> 'buyers_unverified' or $3)
        and alert.level = any($4::text[]) and alert.severity >= $5
        and ($6::text[] = '{}' or alert.country = any($6))
        and ($7::text[] = '{}' or alert.issue_group = any($7))
        and ($8::uuid[] = '{}' or alert.facility_id = any($8))
        and exists (
            select from alert_organisation as named
            join reach on reach.organisation_id = named.organisation_id and reach.buyer_id = $1
            where named.alert_id = alert.alert_id and named.version = alert.version
        )
        and exists (
            select from alert_organisation as named
            where named.alert_id = alert.alert_id and named.version = alert.version
                and ($9::uuid[] = '{}' or named.organisation_id = any($9))
                and ($10::text[] = '{}' or named.roles && $10)
                and ($11::uuid[] = '{}' or exists (
                    select from contract_reach as by
                    where by.organisation_id = named.organisation_id and by.buyer_id = $1
                        and by.contract_id = any($11)
                ))
                and ($9 <> '{}' or $11 <> '{}' or exists (
                    select from reach
                    where reach.organisation_id = named.organisation_id and reach.buyer_id = $1
                ))
        )
    group by alert.alert_id
)
select alert.alert_id, alert.version, alert.type, alert.level, alert.slot,
    (select count(*) from begun) as alerts
from begun join alert_version as alert
    on alert.alert_id = begun.alert_id and alert.version >= begun.first
where alert.level <> 'buyers_unverified' or $3
order by alert.slot desc, alert.alert_id, alert.version desc
limit $12
"""


async def preview(
    session: AsyncSession,
    buyer: Buyer,
    asked: Conditions,
    now: datetime,
    *,
    portal_url: str,
    known_groups: Collection[str],
) -> Preview:
    """Show what these conditions would have told a buyer, as its reach and undertaking are now.

    What is not verified is shown as its id and where to read it, and that is noted.

    Raises:
        UnknownIssueGroup: the taxonomy lacks one of the issue groups.
        UnknownContract: one of the contracts is not this buyer's.
    """
    await check(session, buyer.id, asked, known_groups)
    least = LEVELS.index(asked.level_at_least)
    rows = await (await driver(await session.connection())).fetch(
        _TOLD,
        buyer.id,
        now - timedelta(days=DAYS),
        buyer.undertaking_signed,
        [level for level in LEVELS[1:] if LEVELS.index(level) >= least],
        asked.severity_at_least,
        asked.countries,
        asked.issue_groups,
        asked.facility_ids,
        asked.organisation_ids,
        asked.roles,
        asked.contract_ids,
        MOST_SHOWN + 1,
    )
    shown = [
        AlertPreviewed(
            alert_id=row["alert_id"],
            version=row["version"],
            type=row["type"],
            level=Level(row["level"]),
            slot=row["slot"],
            link=link_to(row["alert_id"], portal_url),
        )
        for row in rows[:MOST_SHOWN]
    ]
    await _note_views(session, buyer.id, shown, now)
    alerts = rows[0]["alerts"] if rows else 0
    return Preview(days=DAYS, alerts=alerts, more=len(rows) > MOST_SHOWN, data=shown)


async def _note_views(
    session: AsyncSession, buyer_id: UUID, shown: Sequence[AlertPreviewed], now: datetime
) -> None:
    """Note which unverified alerts were shown: once an hour, however often it is asked."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    views = [
        {"buyer_id": buyer_id, "alert_id": one.alert_id, "version": one.version, "hour": hour}
        for one in shown
        if one.level is Level.BUYERS_UNVERIFIED
    ]
    if views:
        await session.exec(insert(PreviewView).values(views).on_conflict_do_nothing())
