"""A source who agrees to more later counts from then on, and no release tells that from a call."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from builders import APRIL, MONDAY, a_complaint, a_facility
from stage import TUE_THU, Move, Stage
from test_changes import hear
from test_nothing_shows import a_busy_month, green_bytes_of

from tocsin_cases.casework import consent
from tocsin_common.sealing import Box
from tocsin_contracts.events.complaints import (
    ComplaintReceived,
    Consent,
    ConsentChanged,
    SupplierContact,
)
from tocsin_contracts.ids import new_amber_id

GIVEN, NOT_ASKED, REFUSED = Consent.GIVEN, Consent.NOT_ASKED, Consent.REFUSED
LATER = datetime(2026, 3, 17, 9, tzinfo=UTC)


def says(
    complaint: ComplaintReceived, share: Consent, at: datetime, version: int = 1
) -> ConsentChanged:
    return ConsentChanged(
        complaint_id=complaint.complaint_id,
        version=version,
        occurred_at=at,
        share=share,
        supplier_contact=SupplierContact.NEVER,
    )


def saying(complaint: ComplaintReceived, share: Consent, at: datetime, version: int = 1) -> Move:
    async def say(stage: Stage) -> None:
        await hear(stage, says(complaint, share, at, version))

    return at, say


@pytest.mark.parametrize("before", [REFUSED, NOT_ASKED])
async def test_consent_given_later_is_told_of_as_late_as_a_complaint_of_that_moment(
    stage: Stage, intake_box: Box, before: Consent
) -> None:
    await stage.import_suppliers([a_facility(1)])
    complaint = a_complaint(intake_box, 1, share=before)

    await stage.play([complaint], [saying(complaint, GIVEN, LATER)], until=APRIL)

    [alert] = await stage.alerts()
    [[delay]] = await stage.rows("select delay_seconds from disclosure")
    counts_from = TUE_THU.next_slot(LATER)
    assert alert.slot >= counts_from + timedelta(hours=48) + timedelta(seconds=delay)


@pytest.mark.parametrize("before", [REFUSED, NOT_ASKED])
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_wider_consent_leaves_the_green_stream_that_a_complaint_at_that_moment_would(
    stage: Stage, intake_box: Box, seed: int, before: Consent
) -> None:
    """So whoever watches phones and releases learns no more than of a complaint (D3)."""
    month, random = a_busy_month(intake_box, seed), Random(300 + seed)  # noqa: S311
    agreeing = [one for one in month if one.share is GIVEN and random.random() < 0.7]
    others = [one for one in month if one not in agreeing]
    early = [_earlier(one, before) for one in agreeing]
    moves = [
        saying(first, GIVEN, one.occurred_at) for first, one in zip(early, agreeing, strict=True)
    ]
    # Who was not asked before counted towards k all the while.
    silent = [_another(one) for one in early] if before is NOT_ASKED else []

    widened = await green_bytes_of(stage, [*others, *early], moves)
    arrived = await green_bytes_of(stage, [*others, *silent, *agreeing])

    assert sum(stream == "ALERTS" for stream, _, _, _ in widened) >= 6
    assert widened == arrived


def _earlier(one: ComplaintReceived, share: Consent) -> ComplaintReceived:
    at = one.occurred_at - timedelta(days=20)
    return one.model_copy(update={"occurred_at": at, "share": share})


def _another(one: ComplaintReceived) -> ComplaintReceived:
    return one.model_copy(update={"complaint_id": new_amber_id(), "event_id": new_amber_id()})


async def test_widening_at_another_time_between_two_slots_leaves_no_trace(
    stage: Stage, intake_box: Box
) -> None:
    wednesday = datetime(2026, 3, 18, 0, tzinfo=UTC)
    streams = [
        await _green_after(stage, intake_box, wednesday + timedelta(hours=hours))
        for hours in (0, 11, 35)
    ]

    assert any(stream == "ALERTS" for stream, _, _, _ in streams[0])
    assert streams[0] == streams[1] == streams[2]


async def _green_after(stage: Stage, box: Box, at: datetime) -> Sequence[tuple[str, ...]]:
    complaint = a_complaint(box, 1, share=NOT_ASKED)
    return await green_bytes_of(stage, [complaint], [saying(complaint, GIVEN, at)])


async def test_who_takes_consent_back_and_gives_it_again_counts_from_the_last_time(
    stage: Stage, intake_box: Box
) -> None:
    await stage.import_suppliers([a_facility(1)])
    complaint = a_complaint(intake_box, 1)
    again = LATER + timedelta(days=7)
    moves = [
        saying(complaint, REFUSED, MONDAY + timedelta(hours=1)),
        saying(complaint, NOT_ASKED, LATER, version=2),
        saying(complaint, GIVEN, again, version=3),
    ]

    await stage.play([complaint], moves, until=APRIL + timedelta(days=10))

    [alert] = await stage.alerts()
    assert alert.slot >= TUE_THU.next_slot(again) + timedelta(hours=48)
    assert await stage.rows("select counts_since, given_since from complaint") == [(LATER, again)]


@pytest.mark.parametrize("first", ["complaint", "consent"])
async def test_wider_consent_counts_from_its_moment_whichever_is_heard_first(
    stage: Stage, intake_box: Box, first: str
) -> None:
    complaint = a_complaint(intake_box, 1, share=REFUSED)
    if first == "complaint":
        await stage.hear(complaint)
    await hear(stage, says(complaint, GIVEN, LATER))
    if first == "consent":
        await stage.hear(complaint)

    assert await stage.rows("select share, counts_since, given_since from complaint") == [
        ("given", LATER, LATER)
    ]


@pytest.mark.parametrize(
    ("before", "after", "since"),
    [
        (REFUSED, GIVEN, {"counts_since", "given_since"}),
        (REFUSED, NOT_ASKED, {"counts_since"}),
        (NOT_ASKED, GIVEN, {"given_since"}),
        (NOT_ASKED, REFUSED, set[str]()),
        (GIVEN, NOT_ASKED, set[str]()),
        (GIVEN, REFUSED, set[str]()),
        *((one, one, set[str]()) for one in Consent),
    ],
)
def test_only_what_is_wider_counts_anew(
    before: Consent, after: Consent, since: Iterable[str]
) -> None:
    assert consent.widened(before, after, LATER) == dict.fromkeys(since, LATER)
