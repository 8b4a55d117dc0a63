"""What is too old is let go, in every service, and what is not stays."""

from typing import Any

import pytest
from sample.app import create_app
from sqlalchemy import text

from tocsin_common import keeping
from tocsin_common.database import Database
from tocsin_common.keeping import Keeping
from tocsin_common.places import NOBODY, STREAM, Place, common
from tocsin_common.service import Role
from tocsin_common.settings import Settings
from tocsin_common.testing import eventually, serving, settings_from
from tocsin_common.testing.register import scanned, unregistered

PLACES = common(NOBODY)
OUTBOX = """
insert into outbox (msg_id, stream, subject, headers, payload, recorded_at)
select gen_random_uuid(), 'ELSEWHERE', 's', '{}', '', now() - make_interval(days => :days)
from generate_series(1, :rows)
"""
PARKED = """
insert into parked (consumer, msg_id, subject, body, reason, attempts, parked_at)
select 'c', gen_random_uuid()::text, 's', '', 'r', 1, now() - make_interval(days => :days)
from generate_series(1, :rows)
"""


@pytest.fixture(scope="session")
def settings(environment: dict[str, str]) -> Settings:
    return settings_from(environment, Settings)


async def put(database: Database, query: str, **values: Any) -> None:
    async with database.begin() as tx:
        await tx.execute(text(query), values)


async def counted(database: Database) -> tuple[int, int]:
    async with database.begin() as tx:
        row = await tx.execute(
            text("select (select count(*) from outbox), (select count(*) from parked)")
        )
        found = row.one()
    return found[0], found[1]


async def test_events_go_at_their_greatest_age_some_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "AT_ONCE", 3)
    for query in (OUTBOX, PARKED):
        await put(database, query, days=STREAM.days + 1, rows=7)
        await put(database, query, days=STREAM.days - 1, rows=2)

    assert await Keeping(database, PLACES).let_go() == 14
    assert await counted(database) == (2, 2)
    assert await Keeping(database, PLACES).let_go() == 0


async def test_every_process_that_works_lets_go(database: Database, settings: Settings) -> None:
    await put(database, PARKED, days=STREAM.days + 1, rows=1)

    async with serving(create_app(Role.WORKER, settings)):

        async def gone() -> bool:
            return (await counted(database))[1] == 0

        await eventually(gone)


async def test_the_oldest_are_found_by_an_index(database: Database) -> None:
    by_none = Place("events", NOBODY, STREAM, aged_by="parked_at")

    assert await scanned(database, PLACES) == []
    assert await scanned(database, {"parked": by_none}) == ["parked"]


async def test_a_table_or_column_that_nobody_registered_is_found(database: Database) -> None:
    known = {**PLACES, "filed": Place("ids", NOBODY, None)}

    assert await unregistered(database, known) == {"note": {"(the table)"}}
    with_note = {**known, "note": Place("words", "deleted", STREAM)}
    assert await unregistered(database, with_note) == {"note": {"words"}}
    registered = {**known, "note": Place("words", "deleted", STREAM, "words")}
    assert await unregistered(database, registered) == {}
