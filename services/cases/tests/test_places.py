"""Whatever is stored is registered, with what erasure does there, and goes at its age (V10)."""

from datetime import timedelta
from functools import partial

import pytest
from builders import a_complaint, a_facility
from stage import Stage

from tocsin_cases import places
from tocsin_cases.casework import retention
from tocsin_common.keeping import Keeping
from tocsin_common.places import STREAM
from tocsin_common.sealing import Box
from tocsin_common.testing.register import scanned, streams_of, unregistered, without_an_end
from tocsin_contracts import taxonomy
from tocsin_contracts.streams import CASES

TOO_OLD = places.CASEWORK.days
TOLD = places.TOLD.days
ALERT = """
insert into alert (id, case_id, version, state, slot, review_by, statement, revision, end_asked)
select gen_random_uuid(), id, 1, :state, now() - make_interval(days => :days), now(), '{}', 1, false
from "case" returning id
"""
INTENTION = """
insert into intention (id, case_id, integration_id, planned_for, told_at, held_until)
select gen_random_uuid(), id, id, now(), now() - make_interval(days => :days), :until
from "case" returning id
"""
STANDING = """
insert into standing (complaint_id, said_at, erased_at)
values (gen_random_uuid(), now() - make_interval(days => :days), :erased) returning complaint_id
"""


async def let_go(stage: Stage) -> int:
    old = partial(retention.purge, taxonomy.shipped(), TOO_OLD)
    return await Keeping(stage.database, places.TABLES, [old]).let_go()


async def test_every_table_and_column_is_registered(stage: Stage) -> None:
    assert await unregistered(stage.database, places.TABLES) == {}
    assert without_an_end(places.TABLES | places.STREAMS) == []
    assert streams_of(CASES) == set(places.STREAMS)
    assert await scanned(stage.database, places.TABLES) == []


async def test_complaints_go_at_their_age_even_if_their_erasure_was_never_heard(
    stage: Stage, intake_box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    await stage.import_suppliers([a_facility(1)])
    complaints = [a_complaint(intake_box, 1, source=f"worker-{n}") for n in range(6)]
    await stage.hear(*complaints)
    await stage.rows(
        "update complaint set received_at = now() - make_interval(days => :days)"
        " where id <> :young returning id",
        days=TOO_OLD + 1,
        young=complaints[-1].complaint_id,
    )

    assert await let_go(stage) == 5

    for table, column in (("complaint", "id"), ("case_complaint", "complaint_id")):
        left = await stage.rows(f"select {column} from {table}")  # noqa: S608
        assert left == [(complaints[-1].complaint_id,)]


async def test_what_was_told_long_ago_goes_unless_it_stands_or_is_held(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    await stage.hear(a_complaint(intake_box, 1))
    old, young = TOLD + 1, TOLD - 1
    [[tomorrow]] = await stage.rows("select current_date + 1")
    kept = [
        await stage.rows(ALERT, state="active", days=old),
        await stage.rows(ALERT, state="ended", days=young),
        await stage.rows(INTENTION, days=old, until=tomorrow),
        await stage.rows(INTENTION, days=young, until=None),
    ]
    await stage.rows(ALERT, state="ended", days=old)
    await stage.rows(INTENTION, days=old, until=None)
    await stage.rows(INTENTION, days=old, until=tomorrow - timedelta(days=2))

    assert await let_go(stage) == 3

    left = await stage.rows("select id from alert union select id from intention")
    assert {id_ for (id_,) in left} == {rows[0][0] for rows in kept}


async def test_what_was_heard_of_a_complaint_that_never_came_goes_and_erased_ones_stay_known(
    stage: Stage,
) -> None:
    days = STREAM.days + 1
    [[now]] = await stage.rows("select now()")
    [[erased]] = await stage.rows(STANDING, days=days, erased=now)
    await stage.rows(STANDING, days=days, erased=None)

    assert await let_go(stage) == 1

    assert await stage.rows("select complaint_id from standing") == [(erased,)]
