"""Cases on its bus: what it hears, parks, and lets leave in the slot."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import a_complaint, a_facility
from conftest import settings_of
from sqlalchemy import text
from stage import Stage

from tocsin_cases.app import create_app
from tocsin_cases.casework.standing import FILING
from tocsin_cases.disclosure.slot_keeper import SlotKeeper
from tocsin_common.database import Database
from tocsin_common.sealing import Box
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.http import Client
from tocsin_contracts import taxonomy
from tocsin_contracts.events.alerts import AlertRaised
from tocsin_contracts.events.complaints import DisclosureHeld, Withdrawn

Header = dict[str, str]


async def test_a_complaint_that_is_told_is_filed_and_an_alert_leaves_in_a_slot(
    cases: Client, stage: Stage, intake_box: Box, tell: Any, told: Any
) -> None:
    await stage.import_suppliers([a_facility(1)])

    await tell(a_complaint(intake_box, 1, occurred_at=datetime.now(UTC)))

    async def alerts() -> Any:
        return await told("ALERTS")

    [message] = await eventually(alerts)
    event = AlertRaised.model_validate_json(message.data)
    assert event.occurred_at.microsecond == 0
    late = message.metadata.timestamp - event.occurred_at
    assert timedelta() <= late < timedelta(seconds=5)
    registry = await told("REGISTRY")
    assert len(registry) == 5
    for one in (message, *registry):
        assert "traceparent" not in json.dumps(json.loads(one.data))


async def test_an_unknown_code_is_parked_and_retried_once_the_taxonomy_has_it(
    environment: dict[str, str],
    database: Database,
    stage: Stage,
    intake_box: Box,
    tell: Any,
    operator: Header,
    tmp_path: Path,
) -> None:
    await stage.import_suppliers([a_facility(1)])
    new = a_complaint(intake_box, 1, issues=("wages.paid_in_kind",))
    async with serving(create_app(settings=settings_of(environment))) as cases:
        await tell(new)
        await tell(a_complaint(intake_box, 1))

        async def parked() -> Any:
            answer = await cases.http.get("/v1/admin/parked", headers=operator)
            return (await answer.json())["data"]

        [event] = await eventually(parked)
        assert event["reason"].startswith("UnknownIssue")
        assert event["retry_at"] is None
        await eventually(lambda: stage.count("complaint"))

    file = tmp_path / "taxonomy.json"
    known = json.loads(taxonomy.shipped().model_dump_json())
    [like] = [one for one in known["codes"] if one["code"] == "wages.unpaid"]
    file.write_text(
        json.dumps(known | {"codes": [*known["codes"], like | {"code": "wages.paid_in_kind"}]})
    )
    taught = settings_of({**environment, "TOCSIN_TAXONOMY_FILE": str(file)})
    async with serving(create_app(settings=taught)) as cases:

        async def applied() -> bool:
            answer = await cases.http.post(
                f"/v1/admin/parked/{event['id']}/retry", headers=operator
            )
            return answer.status == 200 and (await answer.json())["outcome"] == "applied"

        await eventually(applied)

    assert await stage.count("parked") == 0
    assert await stage.rows("select issues from complaint where id = :id", id=new.complaint_id) == [
        (["wages.paid_in_kind"],)
    ]


async def test_one_bad_complaint_harms_no_other_of_its_batch(
    cases: Client, stage: Stage, intake_box: Box, tell: Any, operator: Header
) -> None:
    await stage.import_suppliers([a_facility(1)])
    for number in range(30):
        good = a_complaint(intake_box, 1, source=f"worker-{number}")
        await tell(good.model_copy(update={"sealed": b"not for us"}) if number == 15 else good)

    async def filed() -> bool:
        return await stage.count("complaint") == 29

    await eventually(filed)
    [(reason, retry_at)] = await eventually(
        lambda: stage.rows("select reason, retry_at from parked")
    )
    assert reason.startswith("SealedPartUnreadable")
    assert retry_at is None


async def test_a_hold_that_is_told_stops_the_release(
    environment: dict[str, str],
    database: Database,
    stage: Stage,
    intake_box: Box,
    tell: Any,
    operator: Header,
) -> None:
    await stage.import_suppliers([a_facility(1)])
    noticed = settings_of({**environment, "TOCSIN_NOTICE_SECONDS": "2"})
    async with serving(create_app(settings=noticed)) as cases:
        await tell(a_complaint(intake_box, 1, occurred_at=datetime.now(UTC)))
        [(intention_id, integration_id, slot)] = await eventually(
            lambda: stage.rows("select id, integration_id, planned_for from intention")
        )
        await tell(
            DisclosureHeld(
                occurred_at=datetime.now(UTC),
                intention_id=intention_id,
                integration_id=integration_id,
                reason="source_in_danger",
                held_until=date(2999, 1, 1),
            )
        )

        async def held() -> int:
            answer = await cases.http.get("/v1/admin/ledger", headers=operator)
            return (await answer.json())["held"]

        assert await eventually(held) == 1
        await eventually(lambda: datetime.now(UTC) > slot + timedelta(seconds=1.5))
        assert await stage.count("alert") == 0
        assert await stage.rows("select planned_for from disclosure") == [(slot,)]


async def test_what_was_said_before_a_slot_counts_in_it_though_it_is_heard_after_it(
    environment: dict[str, str],
    database: Database,
    stage: Stage,
    intake_box: Box,
    tell: Any,
) -> None:
    await stage.import_suppliers([a_facility(1)])
    noticed = settings_of({**environment, "TOCSIN_NOTICE_SECONDS": "2"})
    complaint = a_complaint(intake_box, 1, occurred_at=datetime.now(UTC))
    async with serving(create_app(settings=noticed)):
        await tell(complaint)
        [[slot]] = await eventually(
            lambda: stage.rows("select planned_for from disclosure where planned_for is not null")
        )
        async with database.begin() as busy:  # nothing that is said of complaints is heard
            await busy.execute(text("select pg_advisory_xact_lock_shared(:id)"), {"id": FILING})
            await tell(
                Withdrawn(complaint_id=complaint.complaint_id, occurred_at=datetime.now(UTC))
            )
            await eventually(lambda: datetime.now(UTC) > slot + timedelta(seconds=1.5))
            assert await stage.count("alert") == 0
        await eventually(lambda: stage.rows("select 1 from disclosure where planned_for is null"))

    assert await stage.count("alert") == 0


async def test_a_slot_that_was_missed_is_made_up_for_at_once(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1)])
    three_weeks_ago = datetime.now(UTC) - timedelta(days=21)
    complaint = a_complaint(intake_box, 1, occurred_at=three_weeks_ago)
    heard_by = stage.terms.slots.next_slot(three_weeks_ago)
    await stage.play([complaint], since=three_weeks_ago - timedelta(days=1), until=heard_by)
    assert await stage.count("disclosure") == 1
    assert await stage.count("alert") == 0

    async with SlotKeeper(stage.database, stage.terms).running():
        await eventually(lambda: stage.count("alert"))

    [alert] = await stage.alerts()
    assert alert.slot == stage.terms.slots.last_slot(datetime.now(UTC))


async def test_a_restart_lets_nothing_leave_before_the_next_slot(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    slot = stage.terms.slots.last_slot(datetime.now(UTC))
    complaint = a_complaint(intake_box, 1, occurred_at=slot - timedelta(days=21))
    await stage.play([complaint], since=slot - timedelta(days=22), until=slot)
    await stage.rows("update alert set end_asked = true returning id")
    await stage.hear(a_complaint(intake_box, 1, occurred_at=slot - timedelta(minutes=1)))

    async with SlotKeeper(stage.database, stage.terms).running():
        await eventually(lambda: stage.rows('select id from "case" where not to_weigh'))

    [alert] = await stage.alerts()
    assert alert.slot < slot


@pytest.mark.parametrize("wrong", ["sometimes", "every 0s"])
def test_a_calendar_that_is_none_stops_the_start(environment: dict[str, str], wrong: str) -> None:
    with pytest.raises(ValueError, match="slots"):
        settings_of({**environment, "TOCSIN_SLOTS": wrong})
