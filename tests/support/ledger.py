"""The ledger of a run: what hotlines were promised, and what must have come of it."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Literal

from tests.support.clients import Json
from tests.support.world import Place, a_complaint

K = 3  # sources who were not asked, before buyers may be told (protection D2)

Story = Literal["given", "not_asked", "refused", "not_genuine", "unknown_place"]


@dataclass(frozen=True)
class Report:
    """A complaint to be posted, and what is expected of it."""

    reference: str
    place: Place
    group: str
    story: Story
    complaint: Json


@dataclass
class Ledger:
    """Every complaint that was answered 201."""

    accepted: dict[str, str] = field(default_factory=dict[str, str])
    """By reference, the complaint's id."""
    contradictions: list[str] = field(default_factory=list[str])
    """References that were answered with two ids."""
    answers: Counter[str] = field(default_factory=Counter[str])
    """How requests ended: by status, or in no answer."""
    _reports: dict[str, Report] = field(default_factory=dict[str, Report])

    def accept(self, report: Report, complaint_id: str) -> None:
        """Note a 201."""
        first = self.accepted.setdefault(report.reference, complaint_id)
        if first != complaint_id:
            self.contradictions.append(report.reference)
        self._reports[report.reference] = report

    def waiting(self) -> set[str]:
        """The complaints whose facility nobody can know: they wait for an officer."""
        return {
            self.accepted[reference]
            for reference, report in self._reports.items()
            if report.story == "unknown_place"
        }

    def alerts(self) -> set[tuple[str, str]]:
        """The alerts that must be told of: each by its organisation and issue group."""
        stories: defaultdict[tuple[str, str], Counter[Story]] = defaultdict(Counter)
        for report in self._reports.values():
            stories[report.place.organisation, report.group][report.story] += 1
        return {
            key
            for key, told in stories.items()
            if told["given"] or told["given"] + told["not_asked"] >= K
        }


class Reports:
    """Complaints without end, a few about each factory and group, so that alerts keep coming."""

    def __init__(self, loud: list[Place], quiet: list[Place], codes: list[str]) -> None:
        """Choose what the complaints are about.

        Args:
            loud: factories about which buyers will hear.
            quiet: factories whose workers refuse, or cannot be believed yet.
            codes: what happens there, one of each issue group.
        """
        self._numbers = count()
        self._loud = cycle([(place, code) for code in codes for place in loud for _ in range(K)])
        self._quiet = cycle([(place, code) for code in codes for place in quiet])

    def __iter__(self) -> "Reports":
        return self

    def __next__(self) -> Report:
        number = next(self._numbers)
        story = _STORIES[number % len(_STORIES)]
        place, code = next(self._loud if story in ("given", "not_asked") else self._quiet)
        reference = f"Night line {number}"
        complaint = _told(reference, place, code, story)
        return Report(reference, place, code.split(".")[0], story, complaint)


_STORIES: tuple[Story, ...] = (
    *("given", "not_asked", "not_asked"),
    *("not_asked", "not_asked", "not_asked"),
    *("refused", "not_genuine", "unknown_place"),
)


def _told(reference: str, place: Place, code: str, story: Story) -> Json:
    told = a_complaint(reference, place, issues=[code])
    if story in ("not_asked", "refused"):
        told["consent"] = {"share": story}
    if story == "not_genuine":
        told["attestation"] = {"genuine": False}
    if story == "unknown_place":
        told["facility"] = {"name": f"The blue gate {reference}", "country": place.country}
    return told
