"""When a hotline's workers may be told: not while somebody looks over their shoulder."""

from datetime import datetime, time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from tocsin_intake.schemas import Submitted

SHORTEST = timedelta(minutes=30)


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone: write it like Asia/Ho_Chi_Minh") from None
    return name


class Hours(Submitted):
    """The same hours of every day; they may go past midnight."""

    begin: time = Field(examples=["19:30"])
    end: time = Field(examples=["22:00"])
    zone: Annotated[str, AfterValidator(_known)] = Field(examples=["Asia/Ho_Chi_Minh"])

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        day = datetime(2000, 1, 1)  # noqa: DTZ001 - any day: only the clock counts
        lasts = datetime.combine(day, self.end) - datetime.combine(day, self.begin)
        if lasts % timedelta(days=1) < SHORTEST:
            raise ValueError("last half an hour at least")
        return self

    def wait(self, now: datetime) -> timedelta:
        """How long until they begin; nothing while they last."""
        there = now.astimezone(ZoneInfo(self.zone))
        if self._last_at(there.time()):
            return timedelta()
        begins = datetime.combine(there.date(), self.begin, there.tzinfo)
        if begins <= there:
            begins = datetime.combine(there.date() + timedelta(days=1), self.begin, there.tzinfo)
        return begins - now  # aware of both zones: a clock that is put forward is counted

    def _last_at(self, clock: time) -> bool:
        if self.begin <= self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end
