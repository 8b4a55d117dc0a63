"""What never shows in green: refused complaints, arrivals and their order, hidden changes."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from builders import (
    APRIL,
    GIVEN,
    HOTLINE,
    MAY,
    MONDAY,
    NOT_ASKED,
    OTHER_HOTLINE,
    REFUSED,
    a_complaint,
    a_facility,
)
from stage import TUE_THU, Move, Stage, import_another_brand, lots

from tocsin_cases.disclosure.terms import Terms
from tocsin_common.sealing import Box
from tocsin_contracts import taxonomy
from tocsin_contracts.events.complaints import (
    ComplaintReceived,
    Headcount,
)


def a_busy_month(box: Box, seed: int) -> list[ComplaintReceived]:
    """Complaints of every sort about six facilities, at any time of the month."""
    random = Random(seed)  # noqa: S311
    return [
        a_complaint(
            box,
            random.randint(1, 6),
            source=f"worker-{random.randint(1, 9)}",
            kind=random.choice(["phone", "account"]),
            share=random.choice([GIVEN, NOT_ASKED, NOT_ASKED, REFUSED]),
            genuine=random.random() < 0.8,
            issues=random.choice([("wages.unpaid",), ("wages.late", "hours.excessive")]),
            occurred_at=MONDAY + timedelta(seconds=random.randint(0, 28 * 24 * 3600)),
            integration_id=random.choice([HOTLINE, OTHER_HOTLINE]),
        )
        for _ in range(60)
    ]


async def green_bytes_of(
    stage: Stage,
    complaints: Sequence[ComplaintReceived],
    moves: Sequence[Move] = (),
    *,
    facilities: Iterable[int] = range(1, 7),
) -> list[Any]:
    """Play a scenario from the beginning, and return every green byte of it."""
    await stage.empty()
    stage.terms = Terms(
        TUE_THU, stage.terms.timing, taxonomy.shipped(), stage.terms.signer, lots(7)
    )
    await stage.import_suppliers(
        a_facility(n, organisations=[{"name": f"Operator {n}", "role": "operator"}])
        for n in facilities
    )
    await stage.play(complaints, moves, until=MAY)
    return await stage.green()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_refused_complaint_leaves_the_green_stream_byte_identical(
    stage: Stage, intake_box: Box, seed: int
) -> None:
    moves: list[Move] = [(APRIL, import_another_brand)]
    month = a_busy_month(intake_box, seed)
    random = Random(100 + seed)  # noqa: S311
    refused = [
        a_complaint(
            intake_box,
            random.randint(1, 6),
            source=f"worker-{random.randint(1, 20)}",
            share=REFUSED,
            issues=random.choice([("wages.unpaid",), ("safety.housing_and_hygiene",)]),
            immediate_danger=True,
            workers_affected=Headcount.THOUSANDS,
            occurred_at=MONDAY + timedelta(seconds=random.randint(0, 28 * 24 * 3600)),
        )
        for _ in range(20)
    ]

    without = await green_bytes_of(stage, month, moves)
    with_it = await green_bytes_of(stage, [*month, *refused], moves)

    assert sum(stream == "ALERTS" for stream, _, _, _ in without) >= 6
    assert with_it == without


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_moving_arrivals_between_two_slots_leaves_the_green_stream_byte_identical(
    stage: Stage, intake_box: Box, seed: int
) -> None:
    month = a_busy_month(intake_box, seed)
    random = Random(200 + seed)  # noqa: S311

    def moved(one: ComplaintReceived) -> ComplaintReceived:
        following = TUE_THU.next_slot(one.occurred_at)
        before = TUE_THU.last_slot(following - timedelta(seconds=1))
        to = following - timedelta(
            seconds=random.randint(0, int((following - before).total_seconds()) - 1)
        )
        return one.model_copy(update={"occurred_at": to})

    as_they_came = await green_bytes_of(stage, month)
    otherwise = await green_bytes_of(stage, [moved(one) for one in reversed(month)])

    assert sum(stream == "ALERTS" for stream, _, _, _ in as_they_came) >= 6
    assert otherwise == as_they_came


async def test_the_order_of_arrivals_between_two_slots_leaves_no_trace(
    stage: Stage, intake_box: Box
) -> None:
    numbers = range(1, 31)
    wednesday = MONDAY + timedelta(days=2)  # the drawn delay decides between two slots
    minutes = [wednesday + timedelta(minutes=number) for number in numbers]

    async def heard_in(order: Sequence[datetime]) -> list[Any]:
        complaints = [
            a_complaint(intake_box, number, occurred_at=at)
            for number, at in zip(numbers, order, strict=True)
        ]
        return await green_bytes_of(stage, complaints, facilities=numbers)

    assert await heard_in(minutes) == await heard_in(minutes[::-1])
    assert await stage.count("alert") == 30


@pytest.mark.parametrize("seed", [1, 2])
async def test_language_channel_danger_and_numbers_never_show(
    stage: Stage, intake_box: Box, seed: int
) -> None:
    month = a_busy_month(intake_box, seed)
    random = Random(300 + seed)  # noqa: S311

    def otherwise(one: ComplaintReceived) -> ComplaintReceived:
        return one.model_copy(
            update={
                "complaint_id": UUID(int=random.getrandbits(128), version=4),
                "language": random.choice(["vi", "th", "en"]),
                "channel": random.choice(["phone", "whatsapp"]),
                "immediate_danger": random.random() < 0.5,
                "workers_affected": random.choice(list(Headcount)),
                "happened_on": date(2026, 2, random.randint(1, 28)),
                "integration_id": random.choice([HOTLINE, OTHER_HOTLINE]),
            }
        )

    assert await green_bytes_of(stage, month) == await green_bytes_of(
        stage, [otherwise(one) for one in month]
    )


async def test_100_hidden_changes_of_a_case_produce_no_green_byte(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    await stage.play([a_complaint(intake_box, 1)], until=APRIL)
    before = await stage.green()
    hidden = [
        a_complaint(
            intake_box, 1, source=f"worker-{n}", issues=("wages.below_minimum",),
            share=[GIVEN, NOT_ASKED, REFUSED][n % 3], workers_affected=Headcount.THOUSANDS,
            occurred_at=APRIL + timedelta(hours=n),
        )
        for n in range(1, 101)
    ]  # fmt: skip

    await stage.play(hidden, since=APRIL, until=MAY)

    assert await stage.count("case_complaint") == 101
    assert await stage.green() == before
    assert len(before) == 6  # two organisations, a facility, two links, an alert
