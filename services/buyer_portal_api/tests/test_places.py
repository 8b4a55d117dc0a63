"""Whatever is stored is registered, and goes at its age (protection V10)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from builders import an_alert
from portal import Portal
from sqlalchemy import text

from tocsin_buyer_portal_api import places
from tocsin_buyer_portal_api.alerts import retention
from tocsin_common.database import Database
from tocsin_common.keeping import Keeping
from tocsin_common.testing.register import scanned, streams_of, unregistered, without_an_end
from tocsin_contracts.alerts import AlertState
from tocsin_contracts.streams import BUYER_PORTAL_API

OLD = datetime.now(UTC) - places.ALERT - timedelta(days=1)
YOUNG = datetime.now(UTC) - places.ALERT + timedelta(days=1)
RECORDS = (
    "insert into delivery values"
    " (gen_random_uuid(), :id, :id, :id, 1, true, now() - make_interval(days => :days))",
    "insert into view values (:id, :id, 1, :id, now() - make_interval(days => :days))",
)


async def test_every_table_and_column_is_registered(database: Database) -> None:
    assert await unregistered(database, places.TABLES) == {}
    assert without_an_end(places.TABLES | places.STREAMS) == []
    assert streams_of(BUYER_PORTAL_API) == set(places.STREAMS)
    assert await scanned(database, places.TABLES) == []


async def test_alerts_go_long_after_they_ended_with_all_that_was_kept_of_them(
    portal: Portal, database: Database
) -> None:
    stays = [
        an_alert(uuid4(), slot=YOUNG, state=AlertState.ENDED),
        an_alert(uuid4(), slot=OLD, state=AlertState.ACTIVE),
    ]
    for alert in (*stays, an_alert(uuid4(), slot=OLD, state=AlertState.ENDED)):
        await portal.tell(alert)

    await Keeping(database, places.TABLES, [retention.purge]).let_go()

    left = {alert.alert_id for alert in stays}
    for table in ("alert", "alert_version", "alert_organisation"):
        assert await ids_in(database, f"select alert_id from {table}") == left  # noqa: S608


async def test_records_of_who_was_told_and_shown_go_after_two_years(database: Database) -> None:
    young = uuid4()
    async with database.begin() as tx:
        for record in RECORDS:
            await tx.execute(text(record), {"id": uuid4(), "days": 731})
            await tx.execute(text(record), {"id": young, "days": 729})

    assert await Keeping(database, places.TABLES).let_go() == len(RECORDS)

    assert await ids_in(database, "select alert_id from delivery") == {young}
    assert await ids_in(database, "select alert_id from view") == {young}


async def ids_in(database: Database, query: str) -> set[UUID]:
    async with database.begin() as tx:
        rows: Any = await tx.execute(text(query))
        return {row[0] for row in rows}
