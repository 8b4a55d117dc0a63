"""The ledger: what was foreseen beside what was seen; pure, so that its every verdict is tested."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, NamedTuple

FEWEST_KILLS = 2


class Subject(NamedTuple):
    """All that an unverified alert says of where and what; two alerts may say the same."""

    organisations: frozenset[str]
    country: str
    issue_group: str


class Version(NamedTuple):
    """One alert at one version."""

    alert_id: str
    number: int


class Foreseen(NamedTuple):
    """A version of some alert, known by what it is about: its id is drawn by lot."""

    subject: Subject
    number: int = 1


@dataclass(frozen=True)
class Handed:
    """A complaint that was handed in and accepted."""

    hotline: str
    reference: str
    complaint_ids: frozenset[str] = frozenset()
    """What its hotline was answered; WhatsApp is answered no ids."""


@dataclass(frozen=True)
class Webhook:
    """One delivery as an endpoint took it."""

    endpoint: str
    webhook_id: str
    version: Version
    body: bytes
    genuine: bool
    """Its signature was verified."""


@dataclass(frozen=True)
class Expected:
    """What must come of what was sent and subscribed."""

    sent: int
    """Distinct complaints."""
    alerts: Counter[Foreseen]
    deliveries: Counter[tuple[str, Foreseen]]
    """By endpoint."""
    visible: Counter[tuple[str, Foreseen]]
    """By buyer, in the portal."""
    fewest_kills: int = FEWEST_KILLS


@dataclass(frozen=True)
class Seen:
    """What each party says has happened."""

    handed: Sequence[Handed]
    in_cases: Mapping[str, Sequence[str]]
    """By hotline, the ids of the complaints that cases has; one id may come up in many cases."""
    counted_in_cases: int
    """How many complaints cases itself counts."""
    alerts: Mapping[Version, Subject]
    """As cases told them."""
    webhooks: Sequence[Webhook]
    """In the order in which they came."""
    visible: Mapping[str, frozenset[Version]]
    """By buyer, in the portal."""
    kills: int = 0


@dataclass(frozen=True)
class Ledger:
    """The balance, in numbers and, where it does not balance, in sentences."""

    sent: int
    """Distinct complaints."""
    accepted: int
    in_cases: int
    counted_in_cases: int
    """The same by cases' own count."""
    alerts_raised: int
    expected_deliveries: int
    delivered: int
    in_portal: int
    duplicates: int
    repeats: int
    lost: int
    unforeseen: int
    """What nobody should have been told, or what should not be there."""
    overtaken: int
    """Older states told after newer ones."""
    forged: int
    """Webhooks whose signature does not verify."""
    kills: int
    fewest_kills: int

    @property
    def problems(self) -> list[str]:
        """Why it does not balance."""
        checks = [
            (self.accepted == self.sent, f"{self.accepted} of {self.sent} were accepted"),
            (self.in_cases == self.accepted, f"{self.in_cases} of {self.accepted} are in cases"),
            (self.counted_in_cases == self.in_cases, f"cases counts {self.counted_in_cases}"),
            (not self.lost, f"lost: {self.lost}"),
            (not self.duplicates, f"came twice: {self.duplicates}"),
            (not self.unforeseen, f"told though no rule foresees it: {self.unforeseen}"),
            (not self.overtaken, f"told after what is newer: {self.overtaken}"),
            (not self.forged, f"signatures that do not verify: {self.forged}"),
            (self.kills >= self.fewest_kills, f"killed: only {self.kills}"),
        ]
        return [sentence for is_well, sentence in checks if not is_well]

    @property
    def balanced(self) -> bool:
        return not self.problems

    def as_json(self, seconds: float) -> dict[str, Any]:
        """The object that `tocsin demo --json` prints."""
        return {**asdict(self), "seconds": round(seconds, 1), "balanced": self.balanced}


def balance(expected: Expected, seen: Seen) -> Ledger:
    """Compare what was foreseen with what was seen."""
    complaints = _complaints(seen)
    first, repeats, two_bodies = _distinct(seen.webhooks)
    told = Counter((one.endpoint, one.version) for one in first)
    alerts = Counter(_about(version, seen) for version in seen.alerts)
    delivered = Counter((endpoint, _about(version, seen)) for endpoint, version in told)
    visible = Counter(
        (buyer, _about(version, seen))
        for buyer, versions in seen.visible.items()
        for version in versions
    )
    pairs = (
        (expected.alerts, alerts),
        (expected.deliveries, delivered),
        (expected.visible, visible),
    )
    return Ledger(
        sent=expected.sent,
        accepted=len(seen.handed),
        in_cases=complaints.there,
        counted_in_cases=seen.counted_in_cases,
        alerts_raised=sum(version.number == 1 for version in seen.alerts),
        expected_deliveries=expected.deliveries.total(),
        delivered=len(told),
        in_portal=visible.total(),
        duplicates=complaints.doubled + two_bodies + told.total() - len(told),
        repeats=repeats,
        lost=complaints.lost + sum(_missing(wanted, found) for wanted, found in pairs),
        unforeseen=sum(_missing(found, wanted) for wanted, found in pairs),
        overtaken=_overtaken(first),
        forged=sum(not one.genuine for one in seen.webhooks),
        kills=seen.kills,
        fewest_kills=expected.fewest_kills,
    )


def _missing(wanted: Counter[Any], found: Counter[Any]) -> int:
    return (wanted - found).total()


class _Complaints(NamedTuple):
    there: int
    lost: int
    doubled: int


def _complaints(seen: Seen) -> _Complaints:
    """Find every complaint that was accepted, once, where it should be.

    Where a hotline was answered an id, exactly that one is looked for; otherwise the number tells.
    """
    there = lost = doubled = 0
    handed: defaultdict[str, list[Handed]] = defaultdict(list)
    for one in seen.handed:
        handed[one.hotline].append(one)
    for hotline in handed.keys() | seen.in_cases.keys():
        found = set(seen.in_cases.get(hotline, ()))
        answered = [one_id for one in handed[hotline] for one_id in one.complaint_ids]
        nameless = sum(not one.complaint_ids for one in handed[hotline])
        swallowed = len(answered) - len(set(answered))  # two complaints became one
        twice = sum(max(0, len(one.complaint_ids) - 1) for one in handed[hotline])
        others = len(found - set(answered))
        there += len(found)
        lost += len(set(answered) - found) + swallowed + max(0, nameless - others)
        doubled += twice + max(0, others - nameless)
    return _Complaints(there, lost, doubled)


def _distinct(webhooks: Sequence[Webhook]) -> tuple[list[Webhook], int, int]:
    """Return the first of each id at each endpoint, how many repeats came, and how many differed.

    A repeat brings the same bytes; one that brings others is another message under a used id.
    """
    first: dict[tuple[str, str], Webhook] = {}
    repeats = two_bodies = 0
    for one in webhooks:
        known = first.setdefault((one.endpoint, one.webhook_id), one)
        if known is not one:
            repeats += known.body == one.body
            two_bodies += known.body != one.body
    return list(first.values()), repeats, two_bodies


def _overtaken(first: Sequence[Webhook]) -> int:
    told: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for one in first:
        told[one.endpoint, one.version.alert_id].append(one.version.number)
    return sum(later < earlier for numbers in told.values() for earlier, later in pairwise(numbers))


_NOBODYS = Subject(frozenset(), "", "")


def _about(version: Version, seen: Seen) -> Foreseen:
    """What a version is about; one that cases never told is nobody's, so it was not foreseen."""
    return Foreseen(seen.alerts.get(version, _NOBODYS), version.number)
