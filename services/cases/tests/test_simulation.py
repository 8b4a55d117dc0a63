"""What the rules do to a year of complaints: a simulation with a fixed seed, by the real rules.

Four thousand facilities; incidents of one source, or of several over some weeks; consent drawn
from two mixes. The wait is counted from an incident's first complaint to its release. Its median
is 9 to 10 days; complaints that were not rounded to slots would have 7 to 8. Rounding an arrival
to its slot (D3) and then giving 72 hours of notice (D8) leads from a Tuesday to the next Tuesday
and from a Thursday to a Tuesday, so even without the drawn delay nothing could leave sooner.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median

import pytest

from tocsin_cases.disclosure import rules, schedule
from tocsin_cases.disclosure.rules import Contribution
from tocsin_cases.disclosure.schedule import Timing, calendar
from tocsin_contracts.events.complaints import Consent

FACILITIES = 4_000
SINGLE = 0.65  # incidents that one source tells of
CLUSTER = 4.0  # mean size of what is above two in the others
SPREAD_OUT = 20.0  # days; the mean time from the first complaint to another
TUE_THU = calendar("tue,thu 12:00")
TIMING = Timing()
PLANNED_AFTER = timedelta(minutes=1)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MIXES = {"careful": (0.35, 0.50, 0.15), "willing": (0.60, 0.30, 0.10)}


@dataclass(frozen=True)
class Incident:
    first: datetime
    heard: list[Contribution]

    def released(self, delay: timedelta = timedelta()) -> datetime | None:
        newest = rules.complete_since(
            one for one in self.heard if one.slot - self.heard[0].slot < rules.WINDOW
        )
        if newest is None:
            return None
        return schedule.release_slot(
            TUE_THU, TIMING, newest=newest, delay=delay, told_at=newest + PLANNED_AFTER
        )


def incidents(random: Random, a_year: float, mix: tuple[float, float, float]) -> Iterator[Incident]:
    """A year's incidents, `a_year` complaints for each facility on average."""
    rate = FACILITIES * a_year / (SINGLE + (1 - SINGLE) * (1 + CLUSTER))
    for _ in range(round(random.gauss(rate, math.sqrt(rate)))):
        first = YEAR + timedelta(days=random.uniform(0, 365))
        more = 0 if random.random() < SINGLE else 1 + _geometric(random, 1 / CLUSTER)
        days = sorted([0.0, *(random.expovariate(1 / SPREAD_OUT) for _ in range(more))])
        shares = random.choices(
            (Consent.GIVEN, Consent.NOT_ASKED, Consent.REFUSED), weights=mix, k=len(days)
        )
        yield Incident(
            first,
            [
                Contribution(
                    share,
                    genuine=True,
                    slot=schedule.slot_of(TUE_THU, first + timedelta(days=day)),
                    kind=b"phone",
                    source=source.to_bytes(2, "big"),
                )
                for source, (day, share) in enumerate(zip(days, shares, strict=True))
            ],
        )


def _geometric(random: Random, chance: float) -> int:
    return int(math.log(1 - random.random()) / math.log(1 - chance))


@pytest.mark.parametrize("a_year", [0.3, 5.0])
@pytest.mark.parametrize("mix", MIXES)
def test_incidents_of_three_or_more_are_released_as_soon_as_slots_and_notice_allow(
    mix: str, a_year: float
) -> None:
    random = Random(2026)  # noqa: S311 - a simulation
    waits: list[float] = []  # days
    shortest: list[float] = []  # the same without the drawn delay
    several = told_of_several = 0

    for incident in incidents(random, a_year, MIXES[mix]):
        delay = timedelta(seconds=random.randint(0, int(TIMING.spread.total_seconds())))
        released = incident.released(delay)
        several += len(incident.heard) >= rules.K
        if released:
            told_of_several += len(incident.heard) >= rules.K
            waits.append((released - incident.first) / timedelta(days=1))
            soonest = incident.released() or released
            shortest.append((soonest - incident.first) / timedelta(days=1))

    assert several > 100
    assert told_of_several / several >= 0.85
    assert min(waits) >= 3
    assert median(shortest) <= median(waits) <= median(shortest) + 0.25
    assert median(waits) <= 10
