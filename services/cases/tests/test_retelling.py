"""What cases told is told again as it stands: the same ids, versions and bytes."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from builders import APRIL, MAY, MONDAY, a_complaint, a_facility
from sqlalchemy import text
from stage import Stage, import_another_brand

from tocsin_cases import retelling
from tocsin_cases.casework import dialogue
from tocsin_cases.disclosure.ending import end_alert
from tocsin_cases.officers.models import Officer
from tocsin_common.retelling import Retelling
from tocsin_common.sealing import Box
from tocsin_contracts.events.base import Event
from tocsin_contracts.events.cases import ComplaintStatus
from tocsin_contracts.events.registry import OrganisationChanged
from tocsin_contracts.ids import new_green_id
from tocsin_contracts.streams import CASES, HEARERS, stream_of

FACTS = {fact.subject: fact for fact in HEARERS if stream_of(fact).teller == CASES}
AS_OF_NOW = {
    **dict.fromkeys(("complaint_status", "organisation", "facility", "link"), "occurred_at"),
    "disclosure_intention": "organisation_names",
}
"""What is told as it is now, since nobody stores how it was: days, and the registry's names."""

Standing = dict[tuple[str, UUID], tuple[str, dict[str, Any]]]


async def told_so_far(stage: Stage) -> list[Event]:
    rows = await stage.rows("select subject, payload from outbox order by id")
    return [FACTS[subject].model_validate_json(payload) for subject, payload in rows]


def as_it_stands(told: list[Event]) -> Standing:
    """The newest version of each aggregate, as those who hear it keep it."""
    newest: Standing = {}
    for event in sorted(told, key=lambda one: one.version):
        left_out = {"event_id", AS_OF_NOW.get(event.kind, "event_id")}
        newest[event.kind, event.aggregate] = event.subject, event.model_dump(exclude=left_out)
    return newest


async def nothing_waits(stage: Stage) -> None:
    async with stage.database.begin() as tx:
        await tx.execute(text("truncate outbox"))


async def retell(stage: Stage, *, at_once: int = 500) -> list[Event]:
    """Tell everything again, so many at a time; return what was told."""
    await nothing_waits(stage)
    chapters = [replace(one, at_once=at_once) for one in retelling.chapters(stage.terms)]
    telling, position = Retelling(stage.database, chapters), None
    while position := (await telling.step(position)).next:
        pass
    return await told_so_far(stage)


async def a_spring(stage: Stage, box: Box) -> None:
    """Three alerts, one of which changed and one of which ended, and what officers did."""
    await stage.import_suppliers([a_facility(number) for number in (1, 2, 3)])
    complaints = [a_complaint(box, number, occurred_at=MONDAY) for number in (1, 2, 3)]
    await stage.play(complaints, until=APRIL)
    await import_another_brand(stage)
    officer = Officer(id=new_green_id(), name="Ines", key_hash=b"k", created_at=MONDAY)
    async with stage.database.session() as session:
        session.add(officer)
    first, second, _ = (one.complaint_id for one in complaints)
    async with stage.database.session() as session:
        await dialogue.acknowledge(session, first, officer.id)
        await dialogue.set_status(session, second, ComplaintStatus.CLOSED, officer.id, "*")
    [[ended]] = await stage.rows(
        'select a.id from alert a join "case" c on c.id = a.case_id'
        " join facility f on f.id = c.facility_id where f.name = 'Silver Heron Assembly 2'"
    )
    async with stage.database.session() as session:
        await end_alert(session, ended, officer.id)
    await stage.play(since=APRIL, until=MAY)


async def test_everything_is_told_again_as_it_stands(stage: Stage, intake_box: Box) -> None:
    await a_spring(stage, intake_box)
    stood = as_it_stands(await told_so_far(stage))

    again = await retell(stage)

    assert as_it_stands(again) == stood
    assert len(again) == len(stood)
    assert {event.subject.split(".")[2] for event in again} == {
        "raised", "updated", "ended", "organisation_changed", "facility_changed", "link_changed",
        "complaint_acknowledged", "complaint_status_changed", "disclosure_intended",
    }  # fmt: skip


async def test_told_one_by_one_nothing_is_left_out_and_nothing_comes_twice(
    stage: Stage, intake_box: Box
) -> None:
    await a_spring(stage, intake_box)
    stood = as_it_stands(await told_so_far(stage))

    again = await retell(stage, at_once=1)

    assert as_it_stands(again) == stood
    assert len(again) == len(stood)


async def test_what_is_told_again_has_an_id_of_its_own_so_that_no_stream_drops_it(
    stage: Stage, intake_box: Box
) -> None:
    await a_spring(stage, intake_box)
    first = {event.event_id for event in await told_so_far(stage)}

    again = {event.event_id for event in await retell(stage)}

    assert len(again) > 5
    assert not first & again
    assert all(one.version == 4 for one in again)


async def test_what_was_told_again_names_no_time_finer_than_the_day_or_the_slot(
    stage: Stage, intake_box: Box
) -> None:
    await a_spring(stage, intake_box)

    green = [one for one in await retell(stage) if stream_of(type(one)).unlinked]

    assert any(isinstance(one, OrganisationChanged) for one in green)
    for event in green:
        assert (event.occurred_at.minute, event.occurred_at.second) == (0, 0)
        assert event.occurred_at.hour in (0, 12)
