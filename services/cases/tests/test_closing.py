"""Closing deletes what stood for sources; how many there were stays, and buyers see nothing."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from builders import MONDAY, a_complaint, a_facility
from stage import Move, Stage
from test_changes import erased, hear, withdrawn
from test_nothing_shows import a_busy_month, green_bytes_of

from tocsin_cases.casework import closing
from tocsin_common.sealing import Box
from tocsin_contracts.events.complaints import ComplaintReceived, Consent

NOT_ASKED = Consent.NOT_ASKED
AFTER = datetime(2026, 3, 26, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, tzinfo=UTC)


async def close(stage: Stage, *complaints: ComplaintReceived) -> None:
    for complaint in complaints:
        async with stage.database.begin() as tx:
            await closing.forget_source(tx, complaint.complaint_id)


def closed(complaint: ComplaintReceived, at: datetime) -> Move:
    async def move(stage: Stage) -> None:
        await close(stage, complaint)

    return at, move


def unasked(box: Box, source: str, **changes: Any) -> ComplaintReceived:
    return a_complaint(box, 1, source=source, share=NOT_ASKED, **changes)


async def states(stage: Stage) -> list[str]:
    return [alert.state for alert in await stage.alerts()]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_closing_complaints_leaves_the_green_stream_byte_identical(
    stage: Stage, intake_box: Box, seed: int
) -> None:
    month, random = a_busy_month(intake_box, seed), Random(400 + seed)  # noqa: S311
    last = max(one.occurred_at for one in month)
    moves = [closed(one, last + timedelta(hours=random.randint(1, 200))) for one in month]

    open_ones = await _until_summer(stage, month)
    closed_ones = await _until_summer(stage, month, moves)

    assert sum(stream == "ALERTS" for stream, _, _, _ in open_ones) >= 6
    assert closed_ones == open_ones
    assert await stage.rows(
        "select source, source_kind, sources_before from case_complaint group by 1, 2, 3"
    ) == [(None, None, None)]


async def _until_summer(
    stage: Stage, month: list[ComplaintReceived], moves: list[Move] | None = None
) -> list[Any]:
    await green_bytes_of(stage, month, moves or ())
    await stage.play(since=datetime(2026, 5, 1, tzinfo=UTC), until=SUMMER)
    return await stage.green()


@pytest.mark.parametrize("change", [withdrawn, erased])
async def test_a_withdrawal_after_closing_still_lowers_the_count(
    stage: Stage, intake_box: Box, change: Any
) -> None:
    await stage.import_suppliers([a_facility(1)])
    three = [unasked(intake_box, f"worker-{n}") for n in range(3)]
    await stage.play(three, until=AFTER)
    await close(stage, *three)
    assert await states(stage) == ["active"]

    await hear(stage, change(three[0]))
    await stage.play(since=AFTER, until=AFTER + timedelta(days=20))

    assert await states(stage) == ["active", "ended"]


async def test_of_one_source_that_complained_twice_one_withdrawal_takes_nothing(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    four = [unasked(intake_box, f"worker-{n}") for n in (0, 0, 1, 2)]
    await stage.play(four, until=AFTER)
    await close(stage, *four)

    await hear(stage, withdrawn(four[0]))
    await stage.play(since=AFTER, until=AFTER + timedelta(days=20))

    assert await states(stage) == ["active"]


async def test_one_source_closed_between_its_complaints_is_never_three(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    again = [
        unasked(intake_box, "worker-1", occurred_at=MONDAY + timedelta(days=5 * n))
        for n in range(5)
    ]
    moves = [closed(one, one.occurred_at + timedelta(days=4)) for one in again]

    await stage.play(again, moves, until=SUMMER)

    assert await stage.alerts() == []
    numbers = await stage.rows("select counted_kind, counted_source from case_complaint")
    assert {source for _, source in numbers} == {1}
    assert len({kind for kind, _ in numbers}) > 1


async def test_a_closed_source_is_known_by_numbers_that_say_nothing_of_its_handle(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    handles = ["worker-1", "worker-2", "worker-1"]
    complaints = [unasked(intake_box, one) for one in handles]
    await stage.hear(*complaints)

    await close(stage, complaints[0])

    rows = await stage.rows(
        "select complaint_id, source is null, counted_kind, counted_source from case_complaint"
    )
    known = {one: rest for one, *rest in rows}
    first, other, again = (known[one.complaint_id] for one in complaints)
    assert [first[0], other[0], again[0]] == [True, False, False]
    assert first[1:] == again[1:]
    assert sorted([first[2], other[2]]) == [1, 2]
