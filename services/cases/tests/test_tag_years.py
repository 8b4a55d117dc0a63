"""Tag keys change every year; a source that complains before and after is one source (V4, D2)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from builders import APRIL, MONDAY, a_complaint, a_facility
from hypothesis import given
from hypothesis import strategies as st
from stage import Stage
from test_closing import close

from tocsin_cases.casework.sources import one_for_each
from tocsin_common.sealing import Box
from tocsin_contracts.events.complaints import ComplaintReceived, Consent

OLD_YEAR, BOTH, NEW_YEAR = "old", "both", "new"


def call(box: Box, worker: int, year: str, **changes: Any) -> ComplaintReceived:
    """A complaint as intake tells it under the old key alone, in the overlap, or under the new."""
    old, new = f"old-{worker}", f"new-{worker}"
    source, before = {OLD_YEAR: (old, []), BOTH: (new, [old]), NEW_YEAR: (new, [])}[year]
    return a_complaint(box, 1, source=source, before=before, share=Consent.NOT_ASKED, **changes)


def on(day: int) -> datetime:
    return MONDAY + timedelta(days=day)


@pytest.mark.parametrize("first", [OLD_YEAR, NEW_YEAR])
async def test_one_source_across_a_change_of_keys_counts_once(
    stage: Stage, intake_box: Box, first: str
) -> None:
    """Whichever is heard first: what waited for its facility may come long after the others."""
    last = NEW_YEAR if first == OLD_YEAR else OLD_YEAR
    await stage.import_suppliers([a_facility(1)])
    calls = [
        call(intake_box, worker, year, occurred_at=on(day))
        for worker in (1, 2)
        for day, year in ((0, first), (3, BOTH), (6, last))
    ]

    await stage.play(calls, until=APRIL)

    assert await stage.alerts() == []


@pytest.mark.parametrize("years", [(OLD_YEAR, BOTH, BOTH), (BOTH, BOTH, NEW_YEAR)])
async def test_three_sources_across_a_change_of_keys_are_three(
    stage: Stage, intake_box: Box, years: tuple[str, ...]
) -> None:
    await stage.import_suppliers([a_facility(1)])
    calls = [
        call(intake_box, worker, year, occurred_at=on(worker)) for worker, year in enumerate(years)
    ]

    await stage.play(calls, until=APRIL)

    assert len(await stage.alerts()) == 1


async def test_closing_numbers_a_source_once_across_a_change_of_keys(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    calls = [call(intake_box, 1, OLD_YEAR), call(intake_box, 1, BOTH), call(intake_box, 2, BOTH)]
    await stage.hear(*calls)

    await close(stage, calls[0])

    numbers = await stage.rows(
        "select complaint_id, counted_source from case_complaint order by complaint_id"
    )
    known = dict([tuple(row) for row in numbers])
    one, again, other = (known[call.complaint_id] for call in calls)
    assert one == again != other


async def test_nothing_that_is_stored_of_a_source_is_shared_between_cases(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    issues = ("wages.unpaid", "safety.fire_and_electricity")

    await stage.hear(call(intake_box, 1, BOTH, issues=issues))

    [(kind, source, before), (other_kind, other_source, other_before)] = await stage.rows(
        "select source_kind, source, sources_before from case_complaint"
    )
    stored = [kind, source, *before, other_kind, other_source, *other_before]
    assert len(before) == len(other_before) == 1
    assert len(set(stored)) == 6


hashes = st.integers(0, 12).map(lambda number: bytes([number]))
known = st.lists(st.tuples(hashes, st.lists(hashes, max_size=3)), max_size=12)


@given(known)
def test_complaints_are_of_one_source_exactly_if_a_chain_of_hashes_joins_them(
    told: list[tuple[bytes, list[bytes]]],
) -> None:
    joined = [{current, *before} for current, before in told]
    for _ in told:  # by brute force
        for one in joined:
            for other in joined:
                if one & other:
                    one |= other
                    other |= one

    same = one_for_each(told)

    for (current, _), group in zip(told, joined, strict=True):
        there = {one for one, _ in told if same.get(one, one) == same.get(current, current)}
        assert there == {one for one, _ in told if one in group}
