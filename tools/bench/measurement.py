"""What a measurement is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench import Bench

Found = dict[str, float]


@dataclass(frozen=True)
class Aim:
    """What a value should be."""

    value: float
    at_least: bool = False

    def met(self, found: float) -> bool:
        return found >= self.value if self.at_least else found <= self.value

    def __str__(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {self.value:g}"


@dataclass(frozen=True)
class Measurement:
    """Something to measure on a Tocsin with certain settings.

    Those that follow each other with the same settings share one Tocsin and its data.
    """

    name: str
    says: str
    """One sentence for who watches."""
    settings: Mapping[str, str]
    measure: Callable[[Bench], Found]
    aims: Mapping[str, Aim] = field(default_factory=dict[str, Aim])
