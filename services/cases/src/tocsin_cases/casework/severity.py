"""How bad it is: the worst of scale, scope and irremediability, never their average."""

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin_contracts.events.complaints import Headcount
from tocsin_contracts.taxonomy import Issue

SCOPE = {
    Headcount.NOT_STATED: 1,  # silence never lowers: the worst of the three counts
    Headcount.UNDER_10: 1,
    Headcount.TENS: 2,
    Headcount.HUNDREDS: 4,
    Headcount.THOUSANDS: 5,
}


@dataclass(frozen=True, slots=True)
class Severity:
    """The three dimensions of UN Guiding Principle 14, each from 1 to 5."""

    scale: int
    scope: int
    irremediability: int

    @property
    def value(self) -> int:
        """Any one of them alone can make it grave."""
        return max(self.scale, self.scope, self.irremediability)

    def worst(self, other: "Severity") -> "Severity":
        """The graver of the two in each dimension."""
        return Severity(
            max(self.scale, other.scale),
            max(self.scope, other.scope),
            max(self.irremediability, other.irremediability),
        )


LEAST = Severity(1, 1, 1)
"""Of a case in which nothing is left that makes it worse."""


def of(issues: Iterable[Issue], affected: Headcount) -> Severity:
    """Where an officer's judgement begins: what the taxonomy says, and how many it is about."""
    known = list(issues)
    return Severity(
        max(issue.scale for issue in known),
        SCOPE[affected],
        max(issue.irremediability for issue in known),
    )
