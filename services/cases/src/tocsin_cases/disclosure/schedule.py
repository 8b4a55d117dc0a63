"""When something may leave: in slots, long after what caused it, and never because of it.

Everything here counts in slots. An arrival is known only as the slot it came before, so moving it
between two slots changes nothing (protection D3).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
}


class Calendar(Protocol):
    """Which moments are slots."""

    @property
    def shortest_gap(self) -> timedelta:
        """The shortest time between two slots."""
        ...

    def last_slot(self, moment: datetime) -> datetime:
        """The newest slot that is not after `moment`."""
        ...

    def next_slot(self, moment: datetime) -> datetime:
        """The first slot that is not before `moment`."""
        ...


@dataclass(frozen=True, slots=True)
class Weekly:
    """Slots on some days of the week, at one time of day in UTC."""

    days: tuple[int, ...]
    """Weekdays from 0, Monday, in order."""
    at: time

    @property
    def shortest_gap(self) -> timedelta:
        days = (*self.days, self.days[0] + 7)
        return timedelta(days=min(after - before for before, after in pairwise(days)))

    def last_slot(self, moment: datetime) -> datetime:
        return max(slot for slot in self._around(moment) if slot <= moment)

    def next_slot(self, moment: datetime) -> datetime:
        return min(slot for slot in self._around(moment) if slot >= moment)

    def _around(self, moment: datetime) -> list[datetime]:
        today = moment.astimezone(UTC).date()
        monday = today - timedelta(days=today.weekday())
        return [
            datetime.combine(monday + timedelta(days=day, weeks=week), self.at, UTC)
            for week in (-1, 0, 1)
            for day in self.days
        ]


@dataclass(frozen=True, slots=True)
class Every:
    """A slot every so often: for development and demonstrations."""

    period: timedelta

    @property
    def shortest_gap(self) -> timedelta:
        return self.period

    def last_slot(self, moment: datetime) -> datetime:
        return EPOCH + (moment - EPOCH) // self.period * self.period

    def next_slot(self, moment: datetime) -> datetime:
        return EPOCH - (EPOCH - moment) // self.period * self.period


def calendar(text: str) -> Calendar:
    """Read a calendar: `tue,thu 12:00` (UTC) or `every 2s`, `every 5m`, `every 1h`.

    Raises:
        ValueError: it is neither.
    """
    if found := re.fullmatch(r"every ([1-9][0-9]{0,5})(ms|s|m|h)", text):
        return Every(int(found[1]) * UNITS[found[2]])
    if found := re.fullmatch(r"([a-z]{3}(?:,[a-z]{3})*) ([0-9]{2}:[0-9]{2})", text):
        days = found[1].split(",")
        if not set(days) <= set(WEEKDAYS):
            raise ValueError("a slot calendar's days are mon, tue, wed, thu, fri, sat, sun")
        return Weekly(
            tuple(sorted({WEEKDAYS.index(day) for day in days})), time.fromisoformat(found[2])
        )
    raise ValueError("a slot calendar looks like `tue,thu 12:00` or `every 2s`")


@dataclass(frozen=True, slots=True)
class Timing:
    """How long after what caused it something may leave."""

    settle: timedelta = timedelta(hours=48)
    """At least this after the newest contributing complaint."""
    spread: timedelta = timedelta(days=5)
    """Plus a time up to this, drawn once per case."""
    notice: timedelta = timedelta(hours=72)
    """At least this after the hotline was told of the intention (protection D8)."""


def slot_of(slots: Calendar, arrival: datetime) -> datetime:
    """The slot an arrival came before: all that is ever known of its time."""
    return slots.next_slot(arrival)


def is_settled(arrived: datetime, timing: Timing, delay: timedelta, slot: datetime) -> bool:
    """Say whether what came before the slot `arrived` may contribute in `slot`."""
    return arrived + timing.settle + delay <= slot


def release_slot(
    slots: Calendar, timing: Timing, *, newest: datetime, delay: timedelta, told_at: datetime
) -> datetime:
    """The slot in which a case is released.

    Args:
        slots: the calendar.
        timing: the times to keep.
        newest: the slot before which the newest contributing complaint came.
        delay: what was drawn for the case.
        told_at: when hotlines are told of the intention.
    """
    return slots.next_slot(max(newest + timing.settle + delay, told_at + timing.notice))


def next_slot(slots: Calendar, now: datetime) -> datetime:
    """The next slot to come."""
    return slots.next_slot(now + timedelta(microseconds=1))
