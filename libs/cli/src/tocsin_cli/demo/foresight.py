"""What must come of it, foreseen from what was sent: a second, small reading of the rules.

It shares no code with the services, so a rule that goes wrong there shows as a difference here.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tocsin_cli.demo.ledger import Expected, Foreseen, Subject

K = 3  # sources among which none can be singled out (protection D2)
MANY = {"10-99", "100-999", "1000+"}

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Facility:
    """A facility of the supplier list."""

    name: str
    country: str
    os_id: str | None
    address: str | None
    organisations: frozenset[str]

    @classmethod
    def of(cls, row: Json) -> "Facility":
        """Read a row for the import, or a facility as cases shows it to an officer."""
        behind = frozenset(one["name"] for one in row["organisations"])
        return cls(row["name"], row["country"], row.get("os_id"), row.get("address"), behind)


@dataclass(frozen=True)
class Claim:
    """What a complaint says about where."""

    os_id: str | None
    name: str | None
    address: str | None
    country: str | None

    @classmethod
    def of(cls, facility: Json) -> "Claim":
        return cls(*(facility.get(part) for part in ("os_id", "name", "address", "country")))


def chosen(claim: Claim, proposed: Collection[Facility]) -> Facility | None:
    """What a careful officer says: this one, if it is surely meant, and otherwise none.

    The name must be the same, and of several with that name the OS ID or the address tells which.
    """
    same = [one for one in proposed if _named(claim) == (plain(one.name), one.country)]
    if claim.os_id:
        same = [one for one in same if one.os_id == claim.os_id]
    if len(same) > 1:
        same = [one for one in same if one.address == claim.address]
    return same[0] if len(same) == 1 else None


def plain(name: str) -> str:
    """What two spellings of one name have in common: letters and figures, in one case."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    kept = (one if unicodedata.category(one)[0] in "LMN" else " " for one in folded)
    return " ".join("".join(kept).split())


def expected(
    sent: int, complaints: Iterable[Json], suppliers: Iterable[Json], buyers: Sequence[Json]
) -> Expected:
    """Say what must come of it.

    Args:
        sent: how many distinct complaints there are in all.
        complaints: those of hotlines that can vouch for them; no others count.
        suppliers: the supplier list.
        buyers: who is to be told, where, and of what.
    """
    raised = alerts(complaints, suppliers)
    deliveries: Counter[tuple[str, Foreseen]] = Counter()
    visible: Counter[tuple[str, Foreseen]] = Counter()
    for subject, times in raised.items():
        for buyer in (one for one in buyers if sees(one, subject)):
            visible[buyer["name"], Foreseen(subject)] += times
            for endpoint in (one for one in buyer["endpoints"] if hears(one, subject)):
                deliveries[endpoint["name"], Foreseen(subject)] += times
    told = Counter({Foreseen(subject): times for subject, times in raised.items()})
    return Expected(sent, told, deliveries, visible)


def with_the_end_of(subject: Subject, before: Expected) -> Expected:
    """Say what must come of it when an alert about `subject` ends as well.

    Whoever was told of it is told of its end.
    """
    first, second = Foreseen(subject), Foreseen(subject, 2)
    return replace(
        before,
        alerts=before.alerts + Counter([second]),
        deliveries=before.deliveries
        + Counter((who, second) for who, what in before.deliveries if what == first),
        visible=before.visible
        + Counter((who, second) for who, what in before.visible if what == first),
    )


def alerts(complaints: Iterable[Json], suppliers: Iterable[Json]) -> Counter[Subject]:
    """Say which alerts must be raised: one for a facility and issue group with enough to tell."""
    facilities = [Facility.of(row) for row in suppliers]
    cases: defaultdict[tuple[Facility, str], list[Json]] = defaultdict(list)
    for complaint in complaints:
        if found := chosen(Claim.of(complaint.get("facility", {})), facilities):
            for group in {code.partition(".")[0] for code in complaint.get("issues", ())}:
                cases[found, group].append(complaint)
    return Counter(
        Subject(facility.organisations, facility.country, group)
        for (facility, group), joined in cases.items()
        if may_tell(joined)
    )


def may_tell(complaints: Sequence[Json]) -> bool:
    """Say whether buyers may hear of a case: k sources, or some who all gave their consent."""
    counting = [one for one in complaints if _genuine(one) and _share(one) != "refused"]
    if _sources(counting) >= K or any(_speaks_for_many(one) for one in counting):
        return True
    return _sources(one for one in counting if _share(one) == "given") > 0


def sees(buyer: Json, subject: Subject) -> bool:
    """Say whether a buyer may see an unverified alert at all (protection L4, L6)."""
    return buyer["undertaking_signed"] and not subject.organisations.isdisjoint(buyer["reach"])


def hears(endpoint: Json, subject: Subject) -> bool:
    """Say whether one of an endpoint's subscriptions asks for it."""
    return any(
        (not (wanted := one.get("organisations")) or not subject.organisations.isdisjoint(wanted))
        and (not (wanted := one.get("countries")) or subject.country in wanted)
        and (not (wanted := one.get("issue_groups")) or subject.issue_group in wanted)
        for one in endpoint["subscriptions"]
    )


def _named(claim: Claim) -> tuple[str, str | None] | None:
    return (plain(claim.name), claim.country) if claim.name else None


def _sources(complaints: Iterable[Json]) -> int:
    """The most distinct handles of one kind; kinds are not added up."""
    handles: defaultdict[str, set[str]] = defaultdict(set)
    for one in complaints:
        if source := one.get("source"):
            handles[source["kind"]].add(source["handle"])
    return max(map(len, handles.values()), default=0)


def _genuine(complaint: Json) -> bool:
    return complaint.get("attestation", {}).get("genuine", False)


def _share(complaint: Json) -> str:
    return complaint.get("consent", {}).get("share", "not_asked")


def _speaks_for_many(complaint: Json) -> bool:
    members = complaint.get("attestation", {}).get("members")
    return complaint.get("relation") == "representative" and members in MANY
