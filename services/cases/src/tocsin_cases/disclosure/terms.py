"""The terms on which cases discloses: when, in which codes, under whose signature, by what lot."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tocsin_cases.chance import Chance
from tocsin_cases.disclosure.schedule import Calendar, Timing
from tocsin_common.signatures import Signer
from tocsin_contracts.taxonomy import Group, Taxonomy

RELEASING = 7_463_241_905_118  # the advisory lock of whoever plans or releases
AT_ONCE = 200  # cases in one transaction: memory, locks and the time nobody else gets are bounded


@dataclass(frozen=True)
class Terms:
    """What planning and releasing have in common."""

    slots: Calendar
    timing: Timing
    taxonomy: Taxonomy
    signer: Signer
    chance: Chance = field(default_factory=Chance)

    @property
    def groups(self) -> Mapping[str, Group]:
        """Issue groups by name."""
        return {group.name: group for group in self.taxonomy.groups}
