"""Slots: what is known of a time, and when something may leave (protection D3)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin_cases.disclosure import rules, schedule
from tocsin_cases.disclosure.schedule import Calendar, Timing, calendar

TUE_THU = calendar("tue,thu 12:00")
CALENDARS = [
    TUE_THU,
    calendar("mon 00:00"),
    calendar("mon,tue,wed,thu,fri,sat,sun 23:59"),
    calendar("every 2s"),
    calendar("every 7m"),
    calendar("every 1h"),
]
calendars = st.sampled_from(CALENDARS)
moments = st.datetimes(
    datetime(2024, 1, 1),  # noqa: DTZ001 - the time zone comes beside it
    datetime(2031, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
delays = st.integers(0, 5 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds))
TIMING = Timing()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment", "last", "following"),
    [
        # 2026-03-03 is a Tuesday.
        ("tue,thu 12:00", "2026-03-03T11:59:59", "2026-02-26T12:00", "2026-03-03T12:00"),
        ("tue,thu 12:00", "2026-03-03T12:00:00", "2026-03-03T12:00", "2026-03-03T12:00"),
        ("tue,thu 12:00", "2026-03-03T12:00:01", "2026-03-03T12:00", "2026-03-05T12:00"),
        ("tue,thu 12:00", "2026-03-08T23:00:00", "2026-03-05T12:00", "2026-03-10T12:00"),
        ("thu,tue 12:00", "2026-12-31T12:00:01", "2026-12-31T12:00", "2027-01-05T12:00"),
        ("every 2s", "2026-03-03T12:00:01", "2026-03-03T12:00", "2026-03-03T12:00:02"),
        ("every 2s", "2026-03-03T12:00:02", "2026-03-03T12:00:02", "2026-03-03T12:00:02"),
    ],
)
def test_a_calendar_names_its_slots(text: str, moment: str, last: str, following: str) -> None:
    slots = calendar(text)

    assert slots.last_slot(at(moment)) == at(last)
    assert slots.next_slot(at(moment)) == at(following)


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("tue,thu 12:00", timedelta(days=2)),
        ("thu 12:00", timedelta(days=7)),
        ("sun,mon 12:00", timedelta(days=1)),
        ("every 2s", timedelta(seconds=2)),
    ],
)
def test_a_calendar_knows_its_shortest_gap(text: str, gap: timedelta) -> None:
    assert calendar(text).shortest_gap == gap


@pytest.mark.parametrize(
    "text", ["", "tue", "tue 25:00", "tue,thx 12:00", "every 0s", "every 2", "every 1.5s", "12:00"]
)
def test_what_is_no_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own sentence
        calendar(text)


@given(calendars, moments)
def test_slots_enclose_every_moment(slots: Calendar, moment: datetime) -> None:
    last, following = slots.last_slot(moment), slots.next_slot(moment)

    assert last <= moment <= following
    assert slots.next_slot(last) == last
    assert slots.last_slot(following) == following
    assert (last == following) == (moment == last)
    assert schedule.next_slot(slots, last) > last


@given(calendars, moments, st.floats(0, 1))
def test_moving_an_arrival_between_two_slots_changes_nothing(
    slots: Calendar, moment: datetime, share: float
) -> None:
    following = slots.next_slot(moment)
    before = slots.last_slot(following - timedelta(microseconds=1))
    moved = following - (following - before - timedelta(microseconds=1)) * share

    assert schedule.slot_of(slots, moved) == schedule.slot_of(slots, moment)


@given(calendars, moments, moments)
def test_a_window_begins_and_ends_with_slots(
    slots: Calendar, arrival: datetime, moment: datetime
) -> None:
    slot = slots.next_slot(moment)

    counts = schedule.slot_of(slots, arrival) > slot - rules.WINDOW

    assert counts == (arrival > slots.last_slot(slot - rules.WINDOW))


@given(calendars, moments, delays, moments)
def test_a_release_is_in_a_slot_and_keeps_every_time(
    slots: Calendar, arrival: datetime, delay: timedelta, told_at: datetime
) -> None:
    newest = schedule.slot_of(slots, arrival)

    slot = schedule.release_slot(slots, TIMING, newest=newest, delay=delay, told_at=told_at)

    assert slots.next_slot(slot) == slot
    assert slot - arrival >= timedelta(hours=48) + delay
    assert slot - told_at >= timedelta(hours=72)
    assert schedule.is_settled(newest, TIMING, delay, slot)


def test_the_wait_is_counted_from_the_slot_and_not_from_the_arrival() -> None:
    friday, monday = at("2026-02-27T09:00"), at("2026-03-02T23:00")
    slots = {
        schedule.release_slot(
            TUE_THU,
            TIMING,
            newest=schedule.slot_of(TUE_THU, arrival),
            delay=timedelta(days=3),
            told_at=at("2026-03-03T12:01"),
        )
        for arrival in (friday, monday)
    }

    assert slots == {at("2026-03-10T12:00")}
