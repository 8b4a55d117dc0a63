"""What buyers are told, when, and what never shows: scenarios on the real handlers and rules."""

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from builders import HOTLINE, MONDAY, OTHER_HOTLINE, a_complaint, a_facility
from prometheus_client import REGISTRY
from searching import found_in
from sqlalchemy import text
from stage import AT_ONCE, TUE_THU, Move, Stage, lots

from tocsin_cases.disclosure import planning, service
from tocsin_cases.disclosure.handlers import UnknownIntention
from tocsin_cases.disclosure.terms import Terms
from tocsin_common.sealing import Box
from tocsin_common.signatures import Verifier
from tocsin_contracts import taxonomy
from tocsin_contracts.alerts import AlertState, Ask, Level, SupplierPosition
from tocsin_contracts.events.complaints import (
    ComplaintReceived,
    Consent,
    DisclosureHeld,
    Headcount,
    Relation,
)

GIVEN, NOT_ASKED, REFUSED = Consent.GIVEN, Consent.NOT_ASKED, Consent.REFUSED
INTENDED = "tocsin.cases.disclosure_intended.v1"
APRIL, MAY = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)


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
    assert f'"ce-time": "{alert.slot.isoformat()}"' in headers
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


async def import_another_brand(stage: Stage) -> None:
    row = a_facility(1)
    row["organisations"] = [*row["organisations"], {"name": "Cirrus Phones", "role": "brand"}]
    await stage.import_suppliers([row], at=APRIL)


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
