"""Who may be told: consent, genuineness and number, and nothing else (protection D1 and D2)."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin_contracts.alerts import Level
from tocsin_contracts.events.complaints import Consent, Headcount, Relation

K = 3  # distinct sources among which none can be singled out
WINDOW = timedelta(days=180)  # within which they must have complained
MANY = frozenset({Headcount.TENS, Headcount.HUNDREDS, Headcount.THOUSANDS})


@dataclass(frozen=True, slots=True)
class Contribution:
    """What disclosure sees of a complaint in a case: no words, no code, no time but its slot."""

    share: Consent
    genuine: bool
    slot: datetime
    """The slot it came before."""
    kind: bytes | None = None
    """What kind of handle its source was known by, if by any; hashed in this case only."""
    source: bytes | None = None
    relation: Relation = Relation.WORKER
    members: Headcount = Headcount.NOT_STATED
    counted: tuple[int, int] | None = None
    """Kind and source by numbers of this case, kept where what they stand for was deleted."""

    @property
    def counts(self) -> bool:
        """Whether it is anything but silence: refused is as if it had never come."""
        return self.genuine and self.share is not Consent.REFUSED

    @property
    def speaks_for_many(self) -> bool:
        """A representative for whom the hotline attests ten members or more."""
        return self.relation is Relation.REPRESENTATIVE and self.members in MANY


def sources(contributions: Iterable[Contribution]) -> int:
    """Count sources: the most distinct handles of one kind, never the sum over kinds.

    One person may have a phone number and an account, so kinds are not added up. Without a handle
    nobody is counted. Numbers stand for the sources that were there when something in the case was
    closed: who comes later may be one of them, so they are a kind of their own.
    """
    handles: defaultdict[bytes | int, set[bytes | int]] = defaultdict(set)
    for one in contributions:
        if one.kind is not None and one.source is not None:
            handles[one.kind].add(one.source)
        if one.counted is not None:
            kind, source = one.counted
            handles[kind].add(source)
    return max(map(len, handles.values()), default=0)


def meets_k(contributions: Sequence[Contribution]) -> bool:
    """Say whether there are so many that none can be singled out."""
    return sources(contributions) >= K or any(one.speaks_for_many for one in contributions)


def may_tell(contributions: Iterable[Contribution]) -> Level:
    """Say how much buyers may know, by rule alone; what is confirmed is for officers to say.

    Whoever refused or is not known to be genuine contributes nothing and stops nobody. Who was
    not asked counts only towards k. Below k only those contribute who gave their consent, and
    there must be one who can be counted.
    """
    contributing = [one for one in contributions if one.counts]
    if meets_k(contributing):
        return Level.BUYERS_UNVERIFIED
    consenting = [one for one in contributing if one.share is Consent.GIVEN]
    if sources(consenting) > 0:
        return Level.BUYERS_UNVERIFIED
    return Level.INTERNAL


def complete_since(contributions: Iterable[Contribution]) -> datetime | None:
    """Return the earliest slot before which enough had come to tell buyers, or `None`.

    What comes later is not needed, so it puts nothing off: a stream of complaints holds back no
    release. More contributions never allow less, which is why halves may be searched.
    """
    counted = sorted((one for one in contributions if one.counts), key=_slot)
    if may_tell(counted) is Level.INTERNAL:
        return None
    first = bisect_left(
        range(1, len(counted) + 1),
        True,
        key=lambda so_many: may_tell(counted[:so_many]) is not Level.INTERNAL,
    )
    return counted[first].slot


def _slot(one: Contribution) -> datetime:
    return one.slot
