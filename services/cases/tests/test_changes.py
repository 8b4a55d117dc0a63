"""What sources say later changes cases at once, and nothing green before the review."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import MONDAY, a_complaint, a_facility
from stage import Stage

from tocsin_cases.casework import changes
from tocsin_cases.casework.confirmation import match_complaint
from tocsin_cases.officers.service import create
from tocsin_common.listening import Told
from tocsin_common.sealing import Box
from tocsin_contracts import taxonomy
from tocsin_contracts.events.complaints import (
    Author,
    ComplaintReceived,
    Consent,
    ConsentChanged,
    Erased,
    MessageAdded,
    SupplierContact,
    Withdrawn,
)
from tocsin_contracts.ids import new_amber_id

NOW = MONDAY + timedelta(hours=1)


async def hear(stage: Stage, event: Any) -> None:
    handlers: dict[type[Any], Any] = {
        ConsentChanged: changes.on_consent_changed,
        Withdrawn: changes.on_withdrawn,
        Erased: changes.on_erased,
    }
    async with stage.database.begin() as tx:
        if isinstance(event, MessageAdded):
            await changes.on_messages_added(tx, [Told(event)])
            return
        await handlers[type(event)](taxonomy.shipped(), tx, [Told(event)])


def withdrawn(complaint: ComplaintReceived) -> Withdrawn:
    return Withdrawn(complaint_id=complaint.complaint_id, occurred_at=NOW)


def erased(complaint: ComplaintReceived) -> Erased:
    return Erased(complaint_id=complaint.complaint_id, occurred_at=NOW)


def agreed(complaint: ComplaintReceived, share: Consent, version: int = 1) -> ConsentChanged:
    return ConsentChanged(
        complaint_id=complaint.complaint_id,
        version=version,
        occurred_at=NOW,
        share=share,
        supplier_contact=SupplierContact.GENERIC_ENQUIRY,
    )


async def shares(stage: Stage) -> list[Any]:
    return await stage.rows("select share, supplier_contact from complaint order by id")


async def test_consent_follows_the_newest_version(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1)])
    complaint = a_complaint(intake_box, 1)
    await stage.hear(complaint)

    await hear(stage, agreed(complaint, Consent.REFUSED, version=2))
    await hear(stage, agreed(complaint, Consent.GIVEN, version=1))

    assert await shares(stage) == [("refused", "generic_enquiry")]


@pytest.mark.parametrize("first", ["complaint", "withdrawal"])
async def test_a_withdrawal_counts_whichever_is_heard_first(
    stage: Stage, intake_box: Box, first: str
) -> None:
    await stage.import_suppliers([a_facility(1)])
    complaint = a_complaint(intake_box, 1)
    if first == "complaint":
        await stage.hear(complaint)
        await hear(stage, withdrawn(complaint))
    else:
        await hear(stage, withdrawn(complaint))
        await stage.hear(complaint)
    await hear(stage, agreed(complaint, Consent.GIVEN))

    assert await shares(stage) == [("refused", "never")]
    assert await stage.count("standing") == 0
    assert await stage.rows("select withdrawn_at from complaint") == [(NOW,)]


async def test_a_consent_heard_before_its_complaint_is_kept(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1)])
    complaint = a_complaint(intake_box, 1)

    await hear(stage, agreed(complaint, Consent.REFUSED))
    await stage.hear(complaint)

    assert await shares(stage) == [("refused", "generic_enquiry")]
    assert await stage.count("standing") == 0


async def test_a_withdrawn_complaint_is_never_released(stage: Stage, intake_box: Box) -> None:
    await stage.import_suppliers([a_facility(1)])
    complaint = a_complaint(intake_box, 1)

    async def withdraw(on: Stage) -> None:
        await hear(on, withdrawn(complaint))

    planned = MONDAY + timedelta(days=4)
    await stage.play([complaint], [(planned, withdraw)], until=MONDAY + timedelta(days=30))

    assert await stage.alerts() == []
    assert await stage.rows("select planned_for from disclosure") == [(None,)]


def refused(complaint: ComplaintReceived) -> ConsentChanged:
    return agreed(complaint, Consent.REFUSED)


@pytest.mark.parametrize("change", [withdrawn, erased, refused])
async def test_buyers_see_a_change_at_the_monthly_review_and_as_any_other_end(
    stage: Stage, intake_box: Box, change: Callable[[ComplaintReceived], Any]
) -> None:
    """The green stream of an alert that loses its only source is that of one an officer ends."""
    end_of_march = datetime(2026, 3, 31, 23, tzinfo=UTC)
    streams: list[Any] = []
    for loses in (True, False):
        stage = Stage(stage.database, stage.desk)
        await stage.empty()
        await stage.import_suppliers([a_facility(1)])
        complaint = a_complaint(intake_box, 1)
        await stage.play([complaint], until=datetime(2026, 3, 20, tzinfo=UTC))
        raised = await stage.green()
        if loses:
            await hear(stage, change(complaint))
        await stage.play(since=datetime(2026, 3, 20, tzinfo=UTC), until=end_of_march)
        assert await stage.green() == raised
        if not loses:
            await stage.rows("update alert set end_asked = true returning id")
        await stage.play(since=end_of_march, until=end_of_march + timedelta(days=10))
        streams.append([one.model_dump(exclude={"alert_id"}) for one in await stage.alerts()])

    assert [one["state"] for one in streams[0]] == ["active", "ended"]
    assert streams[0] == streams[1]


async def test_a_review_ends_nothing_that_what_remains_allows(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    one, other = a_complaint(intake_box, 1), a_complaint(intake_box, 1, source="worker-2")
    await stage.play([one, other], until=datetime(2026, 3, 20, tzinfo=UTC))

    await hear(stage, withdrawn(one))
    march = datetime(2026, 3, 20, tzinfo=UTC)
    await stage.play(since=march, until=march + timedelta(days=150))

    assert [alert.state for alert in await stage.alerts()] == ["active"]


async def test_after_a_withdrawal_a_case_is_as_bad_as_what_remains(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    bad = a_complaint(intake_box, 1, workers_affected="1000+", immediate_danger=True)
    mild = a_complaint(intake_box, 1, source="worker-2", workers_affected="1-9")
    await stage.hear(bad, mild)
    severities = 'select scope, immediate_danger from "case"'
    assert await stage.rows(severities) == [(5, True)]

    await hear(stage, withdrawn(bad))

    assert await stage.rows(severities) == [(1, False)]
    sources = "select source is null from case_complaint where complaint_id = :id"
    assert await stage.rows(sources, id=bad.complaint_id) == [(True,)]
    assert await stage.rows(sources, id=mild.complaint_id) == [(False,)]


async def test_what_was_taken_back_before_its_facility_was_known_makes_no_case_worse(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    at_once = a_complaint(intake_box, 1, workers_affected="1000+", immediate_danger=True)
    waiting = at_once.model_copy(update={"complaint_id": new_amber_id(), "os_id": None})
    mild = a_complaint(intake_box, 1, source="worker-2", workers_affected="1-9")
    for one in (at_once, waiting):
        await hear(stage, withdrawn(one))
    await stage.hear(at_once, waiting, mild)
    [[facility_id]] = await stage.rows("select id from facility")
    async with stage.database.session() as session:
        officer_id, _ = await create(session, bytes(32), "Ines Okafor")
        await match_complaint(
            session, stage.desk, waiting.complaint_id, facility_id, (), officer_id, NOW
        )

    assert await stage.rows('select scope, immediate_danger from "case"') == [(1, False)]
    sources = "select complaint_id from case_complaint where source is not null"
    assert await stage.rows(sources) == [(mild.complaint_id,)]
    assert await stage.count("case_complaint") == 3


async def test_what_is_erased_is_gone_from_every_table_and_is_never_filed_again(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    matched = a_complaint(intake_box, 1)
    waiting = a_complaint(intake_box, 1, os_id=None)
    await stage.hear(matched, waiting)

    await hear(stage, erased(matched))
    await hear(stage, erased(waiting))
    for complaint in (matched, waiting):
        again = complaint.model_copy(update={"version": 2})
        await stage.hear(again)

    for table in ("complaint", "case_complaint", "proposal", "case"):
        assert await stage.count(table) == 0, table
    assert await stage.count("standing") == 2


async def test_an_erasure_leaves_others_of_the_case_as_they_are(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    one, other = a_complaint(intake_box, 1), a_complaint(intake_box, 1, source="worker-2")
    await stage.hear(one, other)

    await hear(stage, erased(one))

    assert await stage.rows("select complaint_id from case_complaint") == [(other.complaint_id,)]
    assert await stage.count("case") == 1


async def test_a_parked_event_about_an_erased_complaint_goes_too(
    stage: Stage, intake_box: Box
) -> None:
    one, other = a_complaint(intake_box, 1), a_complaint(intake_box, 2)
    for complaint in (one, other):
        await stage.rows(
            "insert into parked (consumer, msg_id, subject, body, reason, attempts)"
            " values ('x', :id, 's', :body, 'r', 1) returning id",
            id=str(complaint.complaint_id),
            body=complaint.model_dump_json().encode(),
        )

    await hear(stage, erased(one))

    assert await stage.rows("select msg_id from parked") == [(str(other.complaint_id),)]


def a_message(complaint: ComplaintReceived) -> MessageAdded:
    return MessageAdded(
        message_id=new_amber_id(),
        complaint_id=complaint.complaint_id,
        author=Author.WORKER,
        occurred_at=datetime.now(UTC),
    )


async def test_messages_heard_before_their_complaint_are_counted_with_it(
    stage: Stage, intake_box: Box
) -> None:
    early, here = a_complaint(intake_box, 1), a_complaint(intake_box, 2)
    await stage.hear(here)
    messages = [a_message(early), a_message(early), a_message(here)]

    for message in [*messages, *messages]:
        await hear(stage, message)
    await hear(stage, agreed(early, Consent.REFUSED))
    await stage.hear(early)
    await hear(stage, a_message(early))

    rows = await stage.rows("select id, messages, share from complaint order by messages")
    assert rows == [(here.complaint_id, 1, "given"), (early.complaint_id, 3, "refused")]
    assert await stage.count("standing") == 0


async def test_of_messages_on_what_was_erased_nothing_is_kept(
    stage: Stage, intake_box: Box
) -> None:
    complaint = a_complaint(intake_box, 1)
    await hear(stage, a_message(complaint))
    await hear(stage, erased(complaint))

    await hear(stage, a_message(complaint))
    await stage.hear(complaint)

    assert await stage.count("complaint") == 0
    assert await stage.rows("select messages from standing") == [(0,)]


async def test_messages_are_counted_once(stage: Stage, intake_box: Box) -> None:
    complaint = a_complaint(intake_box, 1)
    await stage.hear(complaint)
    added = a_message(complaint)

    for _ in range(2):
        await hear(stage, added)

    assert await stage.rows("select messages from complaint") == [(1,)]
