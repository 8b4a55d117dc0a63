"""Complaints are filed, matched, and opened or joined as cases."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from builders import MONDAY, a_complaint, a_facility, an_os_id
from searching import everything_stored, found_in
from stage import Stage

from tocsin_cases.casework import overdue
from tocsin_cases.casework.sealed_part import SealedPartUnreadable
from tocsin_cases.casework.service import UnknownIssue
from tocsin_cases.officers import audit
from tocsin_cases.officers.audit import Move
from tocsin_common.sealing import Box
from tocsin_contracts.events.complaints import Headcount

STATUS = "tocsin.cases.complaint_status_changed.v1"


async def test_an_os_id_that_fully_agrees_opens_a_case(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1)])
    complaint = a_complaint(intake_box, 1)

    await stage.hear(complaint)

    [(match, sealed)] = await stage.rows("select match, sealed from complaint")
    assert (match, sealed) == ("matched", None)
    [(group, os_id)] = await stage.rows(
        'select issue_group, os_id from "case" join facility f on f.id = facility_id'
    )
    assert (group, os_id) == ("wages", an_os_id(1))
    [told] = await stage.told(STATUS)
    assert told["complaint_id"] == str(complaint.complaint_id)
    assert (told["status"], told["version"]) == ("in_review", 1)


@pytest.mark.parametrize(
    ("changes", "match", "proposals"),
    [
        ({"facility_name": "Golden Swan"}, "proposed", 1),
        ({"country": "TH"}, "proposed", 1),
        ({"os_id": None}, "proposed", 1),
        ({"issues": ()}, "proposed", 1),
        ({"os_id": an_os_id(99), "facility_name": "Golden Swan"}, "unmatched", 0),
        ({"os_id": None, "country": None}, "unmatched", 0),
    ],
)
async def test_what_does_not_fully_agree_waits_sealed_for_a_person(
    stage: Stage, intake_box: Box, changes: dict[str, object], match: str, proposals: int
) -> None:
    await stage.import_suppliers([a_facility(1)])
    complaint = a_complaint(intake_box, 1, **changes)  # pyright: ignore[reportArgumentType]

    await stage.hear(complaint)

    assert await stage.rows("select match, sealed from complaint") == [(match, complaint.sealed)]
    assert await stage.count("proposal") == proposals
    assert await stage.count("case") == 0
    [told] = await stage.told(STATUS)
    assert told["status"] == "facility_unknown"


async def test_complaints_about_one_facility_and_group_join_one_case(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1), a_facility(2)])

    await stage.hear(*(a_complaint(intake_box, 1) for _ in range(3)))
    await stage.hear(a_complaint(intake_box, 1), a_complaint(intake_box, 2))

    counted = await stage.rows(
        "select count(*) from case_complaint group by case_id order by count(*)"
    )
    assert counted == [(1,), (4,)]


async def test_a_complaint_about_several_groups_joins_a_case_of_each(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    issues = ("wages.unpaid", "wages.below_minimum", "safety.fire_and_electricity")

    await stage.hear(a_complaint(intake_box, 1, issues=issues))

    groups = await stage.rows(
        'select issue_group, count(*) from "case" join case_complaint on id = case_id'
        " group by issue_group order by issue_group"
    )
    assert groups == [("safety", 1), ("wages", 1)]


async def test_a_graver_complaint_raises_the_severity_of_its_case_and_none_lowers_it(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    for affected in (Headcount.TENS, Headcount.THOUSANDS, Headcount.UNDER_10):
        await stage.hear(a_complaint(intake_box, 1, workers_affected=affected))

    assert await stage.rows('select scope from "case"') == [(5,)]


async def test_a_repeat_changes_nothing(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1)])
    complaint = a_complaint(intake_box, 1)

    await stage.hear(complaint, complaint)
    await stage.hear(complaint)

    assert await stage.count("complaint") == await stage.count("case_complaint") == 1
    assert len(await stage.told(STATUS)) == 1


async def test_an_unknown_code_files_nothing_of_its_batch(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1)])
    unknown = a_complaint(intake_box, 1, issues=("wages.unheard_of",))

    with pytest.raises(UnknownIssue):
        await stage.hear(a_complaint(intake_box, 1), unknown)

    assert await stage.count("complaint") == await stage.count("heard") == 0


@pytest.mark.parametrize("body", [b"", b"not a box at all, but long enough to look like one"])
async def test_a_sealed_part_that_does_not_open_breaks_a_rule(
    stage: Stage, intake_box: Box, body: bytes
) -> None:
    with pytest.raises(SealedPartUnreadable):
        await stage.hear(a_complaint(intake_box, 1, sealed=body))
    with pytest.raises(SealedPartUnreadable):
        await stage.hear(a_complaint(intake_box, 1, sealed=intake_box.seal(b"no JSON")))


async def test_two_replicas_that_join_the_same_cases_do_not_deadlock(
    stage: Stage, intake_box: Box
) -> None:
    numbers = range(1, 151)
    await stage.import_suppliers([a_facility(number) for number in numbers])
    there = [a_complaint(intake_box, number) for number in numbers]
    batches = [
        [one.model_copy(update={"complaint_id": uuid4()}) for one in order]
        for _ in range(5)
        for order in (there, reversed(there))
    ]

    await asyncio.gather(*(stage.hear(*batch) for batch in batches))
    await asyncio.gather(*(stage.hear(*batch) for batch in reversed(batches)))

    assert await stage.count("case") == 150
    assert await stage.count("case_complaint") == 1_500
    assert len(await stage.told(STATUS)) == 1_500


async def test_one_handle_in_two_cases_shares_no_stored_value(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1), a_facility(2)])
    issues = ("wages.unpaid", "safety.fire_and_electricity")

    for number in (1, 2):
        for _ in range(2):
            await stage.hear(
                a_complaint(intake_box, number, issues=issues, source="canary-of-a-handle")
            )

    stored = await stage.rows("select case_id, source_kind, source from case_complaint")
    assert len(stored) == 8
    assert len({(kind, source) for _, kind, source in stored}) == 4  # one in each case
    assert len({kind for _, kind, _ in stored}) == len({source for _, _, source in stored}) == 4
    assert not found_in(await everything_stored(stage.database), "canary-of-a-handle")


async def test_facility_text_is_in_no_table_in_clear(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1), a_facility(2, name="Planted Control Canary")])
    name, address = "Vermilion Canary Works", "7 Hidden Canary Lane"
    waiting = a_complaint(intake_box, 1, facility_name=name, facility_address=address)

    await stage.hear(waiting, a_complaint(intake_box, 1, facility_address=address))

    stored = await everything_stored(stage.database)
    assert found_in(stored, "Planted Control Canary")
    assert not found_in(stored, name)
    assert not found_in(stored, address)


async def test_a_complaint_keeps_its_time_and_codes(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1)])

    await stage.hear(a_complaint(intake_box, 1, issues=("wages.unpaid", "hours.excessive")))

    assert await stage.rows("select received_at, issues, share, genuine from complaint") == [
        (MONDAY, ["wages.unpaid", "hours.excessive"], "given", True)
    ]


async def test_complaints_nobody_took_up_in_seven_days_are_counted(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    taken_up = a_complaint(intake_box, 1)
    await stage.hear(taken_up, a_complaint(intake_box, 1, os_id=None))
    await stage.rows(
        "update complaint set acknowledged_at = now() where id = :id returning id",
        id=taken_up.complaint_id,
    )

    async with stage.database.begin() as tx:
        assert (await overdue.overdue(tx, MONDAY + timedelta(days=6)))["acknowledge"] == 0
        assert (await overdue.overdue(tx, MONDAY + timedelta(days=8)))["acknowledge"] == 1


async def test_danger_and_retaliation_that_nobody_took_on_are_counted_within_hours(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    taken_on = a_complaint(intake_box, 1, immediate_danger=True, retaliation="suffered")
    await stage.hear(
        taken_on,
        a_complaint(intake_box, 1, immediate_danger=True),
        a_complaint(intake_box, 1, retaliation="feared"),
    )
    await stage.rows(
        "update complaint set assigned_at = now() where id = :id returning id",
        id=taken_on.complaint_id,
    )

    async with stage.database.begin() as tx:
        early = await overdue.overdue(tx, MONDAY + timedelta(hours=3))
        later = await overdue.overdue(tx, MONDAY + timedelta(hours=5))
        next_day = await overdue.overdue(tx, MONDAY + timedelta(hours=25))
    assert (early["danger"], early["retaliation"]) == (0, 0)
    assert (later["danger"], later["retaliation"]) == (1, 0)
    assert (next_day["danger"], next_day["retaliation"]) == (1, 1)


async def test_who_was_told_nothing_in_three_months_is_counted(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    told = a_complaint(intake_box, 1)
    await stage.hear(told, a_complaint(intake_box, 1))
    await stage.rows(
        "update complaint set acknowledged_at = :at returning id", at=MONDAY + timedelta(days=1)
    )
    async with stage.database.session() as session:
        await audit.note(session, Move.REPLY_WRITTEN, subject_id=told.complaint_id)

    async with stage.database.begin() as tx:
        assert (await overdue.overdue(tx, MONDAY + timedelta(days=90)))["feedback"] == 0
        assert (await overdue.overdue(tx, MONDAY + timedelta(days=92)))["feedback"] == 1
