"""Which facility a complaint is about, as far as a machine may say (protection D6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Match(StrEnum):
    """Whether a complaint's facility is known."""

    MATCHED = "matched"
    PROPOSED = "proposed"
    UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a complaint says about its facility; `name` is in its plain form."""

    os_id: str | None
    name: str
    country: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A facility of the registry that has the claim's OS ID, or its name and country."""

    facility_id: UUID
    os_id: str | None
    name: str
    country: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The facility of a match, or the facilities a person is to look at."""

    match: Match
    facility_ids: tuple[UUID, ...] = ()


UNMATCHED = Verdict(Match.UNMATCHED)


def match(claim: Claim, candidates: Sequence[Candidate]) -> Verdict:
    """Decide alone only where a hotline's OS ID agrees on country and name; else propose."""
    by_os_id = [one for one in candidates if claim.os_id and one.os_id == claim.os_id]
    for one in by_os_id:
        if claim.name and (one.name, one.country) == (claim.name, claim.country):
            return Verdict(Match.MATCHED, (one.facility_id,))
    by_name = [one for one in candidates if claim.name and (one.name, one.country) == _place(claim)]
    proposed = dict.fromkeys(one.facility_id for one in (*by_os_id, *by_name))
    return Verdict(Match.PROPOSED, tuple(proposed)) if proposed else UNMATCHED


def _place(claim: Claim) -> tuple[str, str | None]:
    return claim.name, claim.country
