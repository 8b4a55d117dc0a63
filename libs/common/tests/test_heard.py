"""Keep it if it is newer: a repeat, an older state and two versions at once are the same case."""

import asyncio
from random import Random
from uuid import uuid4

from builders import a_complaint
from sqlalchemy import text

from tocsin_common import heard
from tocsin_common.database import Database
from tocsin_common.listening import Told
from tocsin_contracts.events.complaints import ComplaintReceived

Complaint = ComplaintReceived


async def new_of(database: Database, *events: Complaint) -> list[Complaint]:
    async with database.begin() as tx:
        return [one.event for one in await heard.newest(tx, [Told(event) for event in events])]


def versions(*numbers: int) -> list[Complaint]:
    complaint_id = uuid4()
    return [a_complaint(complaint_id=complaint_id, version=number) for number in numbers]


async def test_a_repeat_is_not_new(database: Database) -> None:
    event = a_complaint()

    assert await new_of(database, event) == [event]
    assert await new_of(database, event) == []


async def test_an_older_version_is_not_new(database: Database) -> None:
    first, second, third = versions(1, 2, 3)

    assert await new_of(database, second) == [second]
    assert await new_of(database, first) == []
    assert await new_of(database, third) == [third]


async def test_of_several_versions_at_once_only_the_newest_counts(database: Database) -> None:
    third, first, second, again = versions(3, 1, 2, 3)

    assert await new_of(database, first, third, second) == [third]
    assert await new_of(database, again) == []


async def test_a_repeat_in_one_batch_counts_once(database: Database) -> None:
    event = a_complaint()

    assert await new_of(database, event, event) == [event]


async def test_what_is_new_keeps_its_order_of_arrival(database: Database) -> None:
    events = [a_complaint() for _ in range(50)]
    known = events[::7]
    await new_of(database, *known)

    assert await new_of(database, *events) == [one for one in events if one not in known]


async def test_what_was_heard_in_a_transaction_that_failed_is_new_again(
    database: Database,
) -> None:
    event = a_complaint()

    async with database.engine.connect() as tx:
        assert await heard.newest(tx, [Told(event)])
        await tx.rollback()

    assert await new_of(database, event) == [event]


async def test_nothing_is_no_news(database: Database) -> None:
    assert await new_of(database) == []


async def test_batches_at_the_same_time_wait_for_each_other_and_never_deadlock(
    database: Database,
) -> None:
    events = [event for _ in range(200) for event in versions(1, 2)]
    shuffled = Random(7).sample  # noqa: S311 - a shuffle that can be repeated
    batches = [shuffled(events, len(events)) for _ in range(40)]

    new = await asyncio.gather(*(new_of(database, *batch) for batch in batches))

    assert sum(map(len, new)) == 200
    async with database.begin() as tx:
        newest = await tx.scalars(text("select version from heard"))
        assert list(newest.all()) == [2] * 200
