"""An alert costs what it matches, however many subscriptions there are."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from builders import an_alert, an_organisation
from crowd import MATCHING, REACHING, crowd
from sqlalchemy import text

from tocsin_common.database import Database, driver
from tocsin_notifications.alerts import planning, service
from tocsin_notifications.alerts.matching import seen
from tocsin_notifications.alerts.service import Announcement, arguments
from tocsin_notifications.webhooks.payload import body_of

ORGANISATION = an_organisation()
LARGE = {"subscription", "subscription_term", "subscription_endpoint", "reach"}
"""What grows with the subscriptions; PostgreSQL may well read a small table whole."""
READ_WHOLE = text("""
select relname, seq_scan from pg_stat_xact_user_tables where relname = any(:large) order by 1
""")


def an_announcement() -> Announcement:
    alert = an_alert(organisations=(ORGANISATION,))
    portal = "https://portal.example"
    return Announcement(
        alert, seen(alert), body_of(alert, portal), alert.model_dump_json(), trace=None
    )


def scans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if node.get("Relation Name"):
        yield node
    for child in node.get("Plans", ()):
        yield from scans(child)


async def looked_at(database: Database) -> dict[str, int]:
    """How many rows of each table one alert makes PostgreSQL look at."""
    rows: dict[str, int] = {}
    async with database.begin() as tx:
        connection = await driver(tx)
        await connection.execute(planning.BEGIN, planning.GATHERING)
        [plan] = await connection.fetchval(
            f"explain (analyze, format json) {planning.PLAN}",
            *arguments([an_announcement()]),
        )
        for scan in scans(plan["Plan"]):
            if scan["Relation Name"] not in LARGE:
                continue
            assert scan["Node Type"] != "Seq Scan", scan["Relation Name"]
            each = scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)
            name = scan["Relation Name"]
            rows[name] = rows.get(name, 0) + round(each * scan["Actual Loops"])
        await tx.execute(text("truncate delivery, acknowledgement cascade"))
    return rows


async def test_a_hundred_times_the_subscriptions_are_looked_at_no_more(
    database: Database,
) -> None:
    looked: dict[int, dict[str, int]] = {}
    for size in (1_000, 100_000):
        async with database.begin() as tx:
            await tx.execute(text("truncate subscription, buyer, reach, endpoint cascade"))
            assert await crowd(tx, ORGANISATION.organisation_id, size) == size
        looked[size] = await looked_at(database)

    assert looked[100_000] == looked[1_000]
    assert looked[100_000]["subscription"] == REACHING * MATCHING
    assert looked[100_000]["subscription_term"] == REACHING * MATCHING


async def test_all_who_match_are_planned_among_very_many(database: Database) -> None:
    async with database.begin() as tx:
        await crowd(tx, ORGANISATION.organisation_id, 10_000)

    async with database.begin() as tx:
        await service.plan_deliveries(tx, [an_announcement()], datetime.now(UTC))

    async with database.begin() as tx:
        assert await tx.scalar(text("select count(*) from delivery")) == REACHING


async def test_a_plan_from_when_tables_were_empty_reads_none_of_them_whole(migrated: str) -> None:
    database = Database(migrated, name="tests", pool_size=1)  # so it is the same connection's plan
    async with database.begin() as tx:
        await tx.execute(text("truncate subscription, buyer, reach, endpoint, delivery cascade"))
    async with database.begin() as tx:
        await service.plan_deliveries(tx, [an_announcement()], datetime.now(UTC))
    async with database.begin() as tx:
        await crowd(tx, ORGANISATION.organisation_id, 10_000)

    async with database.begin() as tx:
        before = (await tx.execute(READ_WHOLE, {"large": list(LARGE)})).all()
        await service.plan_deliveries(tx, [an_announcement()], datetime.now(UTC))
        after = (await tx.execute(READ_WHOLE, {"large": list(LARGE)})).all()
        assert await tx.scalar(text("select count(*) from delivery")) == REACHING

    await database.close()
    assert len(before) == len(LARGE)
    assert after == before
