"""What an attacker who knows everybody's calls learns from a release, by the real rules.

The attacker, a manager say, has seen every call that each of a hundred workers made. One of those
calls was a complaint. From the slot of the release, and knowing the rules, the attacker computes
how likely each worker is the one who complained. The numbers below are what it comes to for the
worker who did, on average over seeded trials (protection D2 and D3). They rest on how often people
use their phones: who hardly ever calls stands out by calling at all.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

import pytest

from tocsin_cases.disclosure import rules, schedule
from tocsin_cases.disclosure.rules import Contribution
from tocsin_cases.disclosure.schedule import Timing, calendar
from tocsin_contracts.events.complaints import Consent

WORKERS = 100
TRIALS = 200
TUE_THU = calendar("tue,thu 12:00")
TIMING = Timing()
PLANNED_AFTER = timedelta(minutes=1)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
WATCHED = timedelta(days=35)
DRAWS = [timedelta(hours=hours) for hours in range(5 * 24 + 1)]  # a case's delay, evenly

Call = tuple[int, datetime]
"""Which worker, and the slot it came before: all that any rule knows of its time."""


@cache
def slot_of(hour: int) -> datetime:
    return schedule.slot_of(TUE_THU, BEGIN + timedelta(hours=hour))


def calls(random: Random, a_day: float) -> list[Call]:
    """Everybody's calls while the attacker watched."""
    made: list[Call] = []
    for worker in range(WORKERS):
        day = random.expovariate(a_day)
        while day < WATCHED / timedelta(days=1):
            made.append((worker, slot_of(round(day * 24))))
            day += random.expovariate(a_day)
    return made


def complaint(source: bytes, slot: datetime, share: Consent) -> Contribution:
    return Contribution(share, genuine=True, slot=slot, kind=b"phone", source=source)


def fakes(number: int) -> list[Contribution]:
    """Complaints by the attacker, who got them past the hotline before watching."""
    first = slot_of(0)
    return [complaint(b"fake%d" % n, first, Consent.NOT_ASKED) for n in range(number)]


@cache
def releases(slot: datetime, faked: int, share: Consent) -> dict[datetime, float]:
    """How likely a release is in each slot, if the one real complaint came before `slot`."""
    newest = rules.complete_since([*fakes(faked), complaint(b"real", slot, share)])
    if newest is None:
        return {}
    found = Counter(
        schedule.release_slot(
            TUE_THU, TIMING, newest=newest, delay=delay, told_at=newest + PLANNED_AFTER
        )
        for delay in DRAWS
    )
    return {released: times / len(DRAWS) for released, times in found.items()}


def posterior(random: Random, made: Sequence[Call], faked: int, share: Consent) -> float:
    """What the attacker thinks of the worker who complained, having seen the release."""
    amid = [one for one in made if 10 <= (one[1] - BEGIN) / timedelta(days=1) <= 22]
    culprit, slot = random.choice(amid)
    chances = releases(slot, faked, share)
    [released] = random.choices(list(chances), weights=list(chances.values()))
    suspicion: Counter[int] = Counter()
    for worker, called in made:
        suspicion[worker] += releases(called, faked, share).get(released, 0)  # pyright: ignore[reportArgumentType] - a likelihood
    return suspicion[culprit] / suspicion.total()


def average(a_day: float, faked: int, share: Consent) -> float:
    random = Random(2026)  # noqa: S311 - a simulation
    return (
        sum(posterior(random, calls(random, a_day), faked, share) for _ in range(TRIALS)) / TRIALS
    )


@pytest.mark.parametrize("a_day", [2, 1, 1 / 3])
def test_who_watches_a_hundred_phones_suspects_the_source_by_at_most_two_in_a_hundred(
    a_day: float,
) -> None:
    assert average(a_day, 0, Consent.GIVEN) <= 0.02


@pytest.mark.parametrize("a_day", [1, 1 / 7, 1 / 30])
def test_whoever_fakes_all_sources_but_one_suspects_it_by_at_most_one_in_ten(a_day: float) -> None:
    assert average(a_day, rules.K - 1, Consent.NOT_ASKED) <= 0.10


def test_fakes_alone_release_nothing_and_one_real_source_completes_them() -> None:
    assert rules.complete_since(fakes(rules.K - 1)) is None
    assert releases(slot_of(0), rules.K - 1, Consent.NOT_ASKED)
    assert not releases(slot_of(0), rules.K - 2, Consent.NOT_ASKED)
