"""What buyers are told, when, and what never shows: scenarios on the real handlers and rules."""

import asyncio
import json
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from builders import APRIL, GIVEN, MAY, MONDAY, NOT_ASKED, REFUSED, a_complaint, a_facility
from prometheus_client import REGISTRY
from searching import found_in
from sqlalchemy import text
from stage import AT_ONCE, TUE_THU, Stage, import_another_brand

from tocsin_cases.disclosure import planning, service
from tocsin_common.sealing import Box
from tocsin_common.signatures import Verifier
from tocsin_contracts.alerts import AlertState, Ask, Level, SupplierPosition
from tocsin_contracts.events.complaints import (
    Consent,
    Headcount,
    Relation,
)

INTENDED = "tocsin.cases.disclosure_intended.v1"


async def test_a_consenting_source_is_told_of_in_a_slot_and_no_sooner(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])

    await stage.play([a_complaint(intake_box, 1)], until=APRIL)

    [alert] = await stage.alerts()
    assert (alert.state, alert.level, alert.version) == (
        AlertState.ACTIVE, Level.BUYERS_UNVERIFIED, 1,
    )  # fmt: skip
    assert alert.slot == TUE_THU.next_slot(alert.slot)
    assert alert.slot - MONDAY >= timedelta(hours=48)
    assert (alert.country, alert.issue_group) == ("VN", "wages")
    assert {one.name for one in alert.organisations} == {
        "Silver Heron Electronics", "Nimbus Computers",
    }  # fmt: skip
    assert (alert.facility, alert.issues) == (None, ())
    assert (alert.ask, alert.supplier_position) == (Ask.PREPARE, SupplierPosition.NOT_ASKED)


async def test_an_alert_is_signed_and_says_no_time_finer_than_its_slot(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    await stage.play([a_complaint(intake_box, 1)], until=APRIL)

    [told] = await stage.told("tocsin.alerts.raised.v1")
    [alert] = await stage.alerts()
    signer = stage.terms.signer
    Verifier({signer.key_id: signer.public_key}).verify(
        told["statement"], urlsafe_b64decode(told["signature"]), told["key_id"]
    )
    assert datetime.fromisoformat(told["occurred_at"]) == alert.slot
    [headers] = [headers for name, _, headers, _ in await stage.green() if name == "ALERTS"]
    assert json.loads(headers)["ce-time"] == alert.slot.isoformat()
    assert "traceparent" not in headers


@pytest.mark.parametrize(
    ("shares", "genuine", "alerts"),
    [
        ([NOT_ASKED, NOT_ASKED], True, 0),
        ([NOT_ASKED, NOT_ASKED, NOT_ASKED], True, 1),
        ([NOT_ASKED, NOT_ASKED, REFUSED], True, 0),
        ([REFUSED] * 5, True, 0),
        ([GIVEN] * 5, False, 0),
    ],
)
async def test_buyers_are_told_by_consent_genuineness_and_number(
    stage: Stage, intake_box: Box, shares: Sequence[Consent], genuine: bool, alerts: int
) -> None:
    await stage.import_suppliers([a_facility(1)])
    complaints = [
        a_complaint(intake_box, 1, source=f"worker-{n}", share=share, genuine=genuine)
        for n, share in enumerate(shares)
    ]

    await stage.play(complaints, until=APRIL)

    assert len(await stage.alerts()) == alerts


async def test_a_representative_of_ten_or_more_is_enough(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1)])
    speaker = a_complaint(
        intake_box, 1, source=None, share=NOT_ASKED, relation=Relation.REPRESENTATIVE,
        members=Headcount.TENS,
    )  # fmt: skip

    await stage.play([speaker], until=APRIL)

    assert len(await stage.alerts()) == 1


async def test_sources_more_than_180_days_apart_are_not_added_up(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)], at=MONDAY)
    complaints = [
        a_complaint(
            intake_box, 1, source=f"worker-{n}", share=NOT_ASKED,
            occurred_at=MONDAY + timedelta(days=days),
        )
        for n, days in enumerate((0, 10, 190))
    ]  # fmt: skip

    await stage.play(complaints, since=MONDAY - timedelta(days=1), until=MONDAY + timedelta(300))

    assert await stage.alerts() == []


async def test_no_alert_names_a_facility_or_organisation_before_a_person_confirms(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    before = await stage.green()
    proposed = [
        a_complaint(intake_box, 1, os_id=None, source=f"worker-{n}", share=GIVEN) for n in range(5)
    ]

    await stage.play(proposed, until=MAY)

    assert await stage.count("proposal") == 5
    assert await stage.green() == before
    assert await stage.told(INTENDED) == []


async def test_a_facilitys_name_is_in_no_unverified_alert(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1, name="Vermilion Canary Works")])
    await stage.play(
        [a_complaint(intake_box, 1, facility_name="Vermilion Canary Works")], until=APRIL
    )

    [(facility_id,)] = await stage.rows("select id from facility")
    [payload] = [payload for stream, _, _, payload in await stage.green() if stream == "ALERTS"]
    assert found_in(payload, "Silver Heron Electronics")
    for secret in ("Vermilion Canary Works", "wages.unpaid", str(facility_id)):
        assert not found_in(payload, secret)


async def test_news_from_the_registry_updates_an_alert_in_the_next_slot(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    await stage.play([a_complaint(intake_box, 1)], [(APRIL, import_another_brand)], until=MAY)

    first, second = await stage.alerts()
    assert (first.alert_id, second.version) == (second.alert_id, 2)
    assert "Cirrus Phones" in {one.name for one in second.organisations}
    assert second.slot == TUE_THU.next_slot(APRIL)
    [told] = await stage.told("tocsin.alerts.updated.v1")
    assert told["version"] == 2


async def test_news_that_no_buyer_would_see_is_no_version(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1)])

    async def rename_the_facility(stage: Stage) -> None:
        await stage.import_suppliers([a_facility(1, name="Grey Heron Assembly")], at=APRIL)

    await stage.play([a_complaint(intake_box, 1)], [(APRIL, rename_the_facility)], until=MAY)

    assert len(await stage.alerts()) == 1
    assert await stage.rows(
        'select a.revision = f.revision from alert a join "case" c on c.id = a.case_id'
        " join facility f on f.id = c.facility_id"
    ) == [(True,)]


async def test_an_unverified_alert_ends_after_180_days_and_old_complaints_raise_no_other(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    later = a_complaint(intake_box, 1, occurred_at=MONDAY + timedelta(days=170))

    await stage.play([a_complaint(intake_box, 1), later], until=MONDAY + timedelta(days=400))

    raised, ended = await stage.alerts()
    assert (ended.alert_id, ended.version, ended.state) == (raised.alert_id, 2, AlertState.ENDED)
    assert ended.slot.date() >= raised.review_by
    assert ended.slot - raised.slot <= timedelta(days=187)


async def test_new_complaints_after_an_end_raise_another_alert(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    later = a_complaint(intake_box, 1, occurred_at=MONDAY + timedelta(days=220))

    await stage.play([a_complaint(intake_box, 1), later], until=MONDAY + timedelta(days=260))

    raised, ended, anew = await stage.alerts()
    assert ended.state is AlertState.ENDED
    assert anew.alert_id != raised.alert_id
    assert (anew.version, anew.state) == (1, AlertState.ACTIVE)


async def test_a_case_whose_facility_nobody_stands_behind_waits_for_the_registry(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1, organisations=[])])
    await stage.play([a_complaint(intake_box, 1)], until=APRIL)
    assert await stage.alerts() == []

    await stage.import_suppliers([a_facility(1)], at=APRIL)
    await stage.play(since=APRIL, until=MAY)

    assert len(await stage.alerts()) == 1


async def test_a_stream_of_complaints_puts_no_release_off(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1)])
    stream = [
        a_complaint(intake_box, 1, source=f"worker-{n}", occurred_at=MONDAY + timedelta(days=n))
        for n in range(40)
    ]

    await stage.play(stream, until=MAY)

    [alert] = await stage.alerts()
    assert alert.slot - MONDAY <= timedelta(days=15)


async def test_many_cases_leave_in_one_slot_shuffled_and_each_once(
    stage: Stage, intake_box: Box
) -> None:
    numbers = range(1, 701)
    await stage.import_suppliers([a_facility(number) for number in numbers])
    stage.terms = replace(stage.terms, timing=AT_ONCE)
    await stage.hear(*(a_complaint(intake_box, number) for number in numbers))
    slot, next_slot = datetime(2026, 3, 3, 12, tzinfo=UTC), datetime(2026, 3, 5, 12, tzinfo=UTC)

    assert await planning.plan(stage.database, stage.terms, slot, slot) == 700
    assert await planning.plan(stage.database, stage.terms, slot, slot) == 0
    left = [await service.release(stage.database, stage.terms, next_slot) for _ in range(2)]

    assert left == [700, 0]
    alerts = await stage.alerts()
    assert len({one.alert_id for one in alerts}) == 700
    by_facility = await stage.rows(
        'select a.id from alert a join "case" c on c.id = a.case_id order by c.facility_id'
    )
    assert [one.alert_id for one in alerts] != [row[0] for row in by_facility]


async def test_two_processes_in_one_slot_release_each_alert_once(
    stage: Stage, intake_box: Box
) -> None:
    numbers = range(1, 41)
    await stage.import_suppliers([a_facility(number) for number in numbers])
    await stage.hear(*(a_complaint(intake_box, number) for number in numbers))
    slot = datetime(2026, 3, 3, 12, tzinfo=UTC)
    terms = replace(stage.terms, timing=AT_ONCE)
    planned = await asyncio.gather(
        *(planning.plan(stage.database, terms, slot, slot) for _ in range(3))
    )
    left = await asyncio.gather(*(service.release(stage.database, terms, slot) for _ in range(3)))

    assert (sum(planned), sum(left)) == (40, 40)
    assert len(await stage.alerts()) == 40


async def test_green_ids_are_random_and_never_amber(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1)])
    await stage.play([a_complaint(intake_box, 1)], until=APRIL)

    [alert] = await stage.alerts()
    amber = {
        row[0]
        for query in (
            'select id from "case"',
            "select id from complaint",
            "select id from intention",
        )
        for row in await stage.rows(query)
    }
    assert alert.alert_id.version == 4
    green = b"".join(payload for _, _, _, payload in await stage.green())
    for one in amber:
        assert not found_in(green, str(one))


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"tocsin_{name}", labels) or 0


async def test_what_left_and_what_the_rules_stopped_in_its_slot_are_counted(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1), a_facility(2)])
    raised, stopped = counted("raised_total", outcome="raised"), counted("gate_refusals_total")
    complaints = [a_complaint(intake_box, 1), a_complaint(intake_box, 2)]

    async def one_changes_their_mind(stage: Stage) -> None:
        async with stage.database.begin() as tx:
            await tx.execute(
                text("update complaint set share = 'refused' where id = :id"),
                {"id": complaints[1].complaint_id},
            )

    planned = TUE_THU.next_slot(MONDAY) + timedelta(hours=1)
    await stage.play(complaints, moves=[(planned, one_changes_their_mind)], until=APRIL)

    assert counted("raised_total", outcome="raised") - raised == 1
    assert counted("gate_refusals_total") - stopped == 1
