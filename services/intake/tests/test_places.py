"""Whatever is stored is registered, with what erasure does there, and goes at its age (V10)."""

from datetime import date
from typing import Any

from builders import a_complaint
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.keeping import Keeping
from tocsin_common.testing.http import Client
from tocsin_common.testing.register import scanned, streams_of, unregistered, without_an_end
from tocsin_contracts.streams import INTAKE
from tocsin_intake.acceptance import pointers
from tocsin_intake.erasure import places

Header = dict[str, str]
INTENTION = """
insert into intention
    (id, integration_id, told_at, level, slot, organisation_names, country, issue_group, holds,
    held_until)
values (gen_random_uuid(), gen_random_uuid(), now() - make_interval(days => :days), 'l', now(),
    '{}', 'VN', 'wages', 0, current_date + cast(:held as int))
returning id
"""


async def rows(database: Database, query: str, **values: Any) -> list[Any]:
    async with database.begin() as tx:
        return list((await tx.execute(text(query), values)).all())


async def let_go(database: Database) -> int:
    return await Keeping(database, places.TABLES, [pointers.purge]).let_go()


async def post(intake: Client, hotline: Header, **changes: Any) -> Any:
    said = a_complaint(**changes)
    return (await intake.post("/v1/complaints", json=said, headers=hotline)).json()


async def test_every_table_and_column_is_registered(database: Database) -> None:
    assert await unregistered(database, places.TABLES) == {}
    assert without_an_end(places.TABLES | places.STREAMS | places.FILES) == []
    assert streams_of(INTAKE) == set(places.STREAMS)
    assert await scanned(database, places.TABLES) == []


async def test_a_calls_reference_goes_at_its_age_and_a_complaints_stays(
    intake: Client, hotline: Header, database: Database
) -> None:
    call = {"external_ref": "call-1", "nature": "informational", "words": "When are you open?"}
    counted = await post(intake, hotline, **call)
    complaint = await post(intake, hotline, external_ref="GULL-1")
    assert (await post(intake, hotline, **call))["complaint_id"] == counted["complaint_id"]
    assert await let_go(database) == 0

    [(expires,)] = await rows(
        database,
        "update acceptance set expires_on = expires_on - 402 where expires_on is not null"
        " returning expires_on",
    )
    assert expires < date.today()  # noqa: DTZ011
    assert await let_go(database) == 1

    left = await rows(database, "select complaint_id::text, expires_on from acceptance")
    assert left == [(complaint["complaint_id"], None)]


async def test_the_reference_of_what_was_erased_stays_long_enough_to_bring_nothing_back(
    intake: Client, hotline: Header, operator: Header, database: Database
) -> None:
    complaint = await post(intake, hotline, external_ref="GULL-1")
    wanted = {"complaint_id": complaint["complaint_id"], "reason": "asked_by_hotline"}
    await intake.post("/v1/admin/erasures", json=wanted, headers=operator)

    assert (await post(intake, hotline, external_ref="GULL-1"))["status"] == "already_received"
    [(days,)] = await rows(database, "select expires_on - current_date from acceptance")
    assert days >= pointers.KEPT.days - 1  # midnight may go by
    await rows(database, "update acceptance set expires_on = current_date - 1 returning 1")

    assert await let_go(database) == 1


async def test_what_buyers_would_have_seen_goes_after_two_years_unless_it_is_held(
    database: Database,
) -> None:
    days = places.TOLD.days
    [kept] = await rows(database, INTENTION, days=days + 1, held=3)
    [young] = await rows(database, INTENTION, days=days - 1, held=None)
    for held in (None, -3):
        await rows(database, INTENTION, days=days + 1, held=held)

    assert await let_go(database) == 2

    left = await rows(database, "select id from intention")
    assert sorted(left) == sorted([kept, young])
