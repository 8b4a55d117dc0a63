"""Hotlines are told before buyers are, and may hold; scenarios on the real handlers and rules."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from builders import APRIL, HOTLINE, MAY, MONDAY, OTHER_HOTLINE, REFUSED, a_complaint, a_facility
from stage import Stage

from tocsin_cases.casework.changes import on_withdrawn
from tocsin_cases.disclosure.handlers import UnknownIntention
from tocsin_cases.disclosure.schedule import Timing
from tocsin_common.listening import Told
from tocsin_common.sealing import Box
from tocsin_contracts.events.complaints import DisclosureHeld, Withdrawn

INTENDED = "tocsin.cases.disclosure_intended.v1"


async def test_hotlines_whose_complaints_contribute_are_told_72_hours_before(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    complaints = [
        a_complaint(intake_box, 1),
        a_complaint(intake_box, 1, source="worker-2", share=REFUSED, integration_id=OTHER_HOTLINE),
    ]

    await stage.play(complaints, until=APRIL)

    [intended] = await stage.told(INTENDED)
    [alert] = await stage.alerts()
    assert intended["integration_id"] == str(HOTLINE)
    assert datetime.fromisoformat(intended["slot"]) == alert.slot
    assert alert.slot - datetime.fromisoformat(intended["occurred_at"]) >= timedelta(hours=72)
    assert intended["organisation_names"] == [one.name for one in alert.organisations]
    assert (intended["country"], intended["issue_group"]) == ("VN", "wages")


def a_hold(intended: dict[str, Any], until: date | None, **changes: Any) -> DisclosureHeld:
    return DisclosureHeld.model_validate(
        {
            "intention_id": intended["intention_id"],
            "integration_id": intended["integration_id"],
            "occurred_at": datetime(2026, 3, 6, tzinfo=UTC),
            "reason": "source_in_danger",
            "held_until": until,
        }
        | changes
    )


PLANNED_BY = datetime(2026, 3, 5, 13, tzinfo=UTC)


async def planned(stage: Stage, box: Box) -> dict[str, Any]:
    """A case that is planned and not yet released; what its hotline was told."""
    await stage.import_suppliers([a_facility(1)])
    await stage.play([a_complaint(box, 1)], until=PLANNED_BY)
    [intended] = await stage.told(INTENDED)
    return intended


async def test_a_hold_stops_the_release_until_it_lapses(stage: Stage, intake_box: Box) -> None:
    intended = await planned(stage, intake_box)

    await stage.hold(a_hold(intended, date(2026, 3, 24)))
    await stage.play(since=PLANNED_BY, until=datetime(2026, 3, 25, tzinfo=UTC))
    assert await stage.alerts() == []

    await stage.play(since=datetime(2026, 3, 25, tzinfo=UTC), until=APRIL)
    [alert] = await stage.alerts()
    assert alert.slot == datetime(2026, 3, 26, 12, tzinfo=UTC)


async def test_nothing_leaves_by_a_hotline_that_could_not_hold_it(
    stage: Stage, intake_box: Box
) -> None:
    """One source withdraws when another has come, by a hotline that knows of no intention."""
    stage.terms = replace(stage.terms, timing=Timing(spread=timedelta()))
    await stage.import_suppliers([a_facility(1)])
    first = a_complaint(intake_box, 1)
    second = a_complaint(
        intake_box, 1, source="worker-2", integration_id=OTHER_HOTLINE,
        occurred_at=MONDAY + timedelta(days=2),
    )  # fmt: skip

    async def withdraw(on: Stage) -> None:
        gone = Withdrawn(complaint_id=first.complaint_id, occurred_at=MONDAY)
        async with on.database.begin() as tx:
            await on_withdrawn(on.terms.taxonomy, tx, [Told(gone)])

    await stage.play([first, second], [(MONDAY + timedelta(days=4), withdraw)], until=APRIL)

    told = {one["integration_id"]: one for one in await stage.told(INTENDED)}
    [alert] = await stage.alerts()
    known_at = datetime.fromisoformat(told[str(OTHER_HOTLINE)]["occurred_at"])
    assert datetime.fromisoformat(told[str(HOTLINE)]["slot"]) < alert.slot
    assert alert.slot - known_at >= timedelta(hours=72)


async def test_no_hold_lasts_longer_than_30_days(stage: Stage, intake_box: Box) -> None:
    intended = await planned(stage, intake_box)

    await stage.hold(a_hold(intended, date(2027, 1, 1)))
    await stage.play(since=PLANNED_BY, until=MAY)

    [alert] = await stage.alerts()
    assert alert.slot == datetime(2026, 4, 7, 12, tzinfo=UTC)


async def test_a_hold_that_is_lifted_lets_go_in_the_next_slot(
    stage: Stage, intake_box: Box
) -> None:
    intended = await planned(stage, intake_box)
    await stage.hold(a_hold(intended, date(2026, 4, 4)))
    await stage.play(since=PLANNED_BY, until=datetime(2026, 3, 20, tzinfo=UTC))

    await stage.hold(a_hold(intended, None, version=2))
    await stage.hold(a_hold(intended, date(2026, 4, 4), version=1))  # an older state, again
    await stage.play(since=datetime(2026, 3, 20, tzinfo=UTC), until=APRIL)

    [alert] = await stage.alerts()
    assert alert.slot == datetime(2026, 3, 24, 12, tzinfo=UTC)


async def test_nobody_holds_what_another_hotline_was_told(stage: Stage, intake_box: Box) -> None:
    intended = await planned(stage, intake_box)

    with pytest.raises(UnknownIntention):
        await stage.hold(a_hold(intended, date(2026, 4, 4), integration_id=str(OTHER_HOTLINE)))
