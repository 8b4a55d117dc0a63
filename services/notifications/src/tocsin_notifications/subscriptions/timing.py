"""When a mail may go out: at once, outside a buyer's quiet hours, or with its digest."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DIGEST_AT = time(7)  # of the buyer's clock: it lies there when work begins
MONDAY = 0


class Digest(StrEnum):
    """How often alerts are collected into one mail."""

    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class Timing:
    """When a subscription's mails go out. Webhooks never wait."""

    digest: Digest | None = None
    quiet_from: time | None = None
    quiet_to: time | None = None

    @property
    def written(self) -> str:
        """As it is stored: `daily`, `weekly`, `22:00-07:00`, or nothing for at once."""
        if self.digest:
            return self.digest
        if self.quiet_from is None or self.quiet_to is None:
            return ""
        return f"{self.quiet_from:%H:%M}-{self.quiet_to:%H:%M}"

    @classmethod
    def read(cls, written: str) -> Self:
        """Read what `written` wrote."""
        if not written:
            return cls()
        if written in set(Digest):
            return cls(digest=Digest(written))
        start, _, end = written.partition("-")
        return cls(quiet_from=time.fromisoformat(start), quiet_to=time.fromisoformat(end))

    def next_moment(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The first moment from `now` on at which a mail may go out."""
        local = now.astimezone(zone)
        if self.digest:
            return _next_digest(self.digest, local)
        if self.quiet_from is None or self.quiet_to is None:
            return now
        return _end_of_quiet(self.quiet_from, self.quiet_to, local) or now


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name; UTC when nobody knows it."""
    try:
        return _zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _zone("UTC")


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _next_digest(digest: Digest, local: datetime) -> datetime:
    moment = _at(local, DIGEST_AT)
    if moment <= local:
        moment = _at(local + timedelta(days=1), DIGEST_AT)
    if digest is Digest.WEEKLY:
        moment = _at(moment + timedelta(days=(MONDAY - moment.weekday()) % 7), DIGEST_AT)
    return moment.astimezone(UTC)


def _end_of_quiet(start: time, end: time, local: datetime) -> datetime | None:
    """When the quiet hours that `local` lies in are over; `None`: it lies in none."""
    clock = local.time().replace(tzinfo=None)
    if start <= end:
        return _at(local, end).astimezone(UTC) if start <= clock < end else None
    if clock >= start:
        return _at(local + timedelta(days=1), end).astimezone(UTC)
    return _at(local, end).astimezone(UTC) if clock < end else None


def _at(day: datetime, clock: time) -> datetime:
    """That clock on that day, the later of the two when clocks change meanwhile."""
    moment = datetime.combine(day.date(), clock, tzinfo=day.tzinfo)
    return max(moment, moment.replace(fold=1), key=lambda one: one.astimezone(UTC))
