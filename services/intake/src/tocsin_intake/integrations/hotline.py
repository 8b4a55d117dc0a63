"""An integration as a request meets it, held in memory."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from tocsin_intake.integrations.notices import Notices
from tocsin_intake.integrations.systems import System
from tocsin_intake.schemas import IntegrationDefaults


class Scope(StrEnum):
    """What a key may do. All of it is writing: no key reads a complaint (protection V8)."""

    COMPLAINTS = "complaints"
    """Hand complaints in, and add to them."""
    DISCLOSURES = "disclosures"
    """See what would be disclosed, and hold it (protection D8)."""


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of intake one integration may take up."""

    requests_per_minute: int | None = None
    """`None`: as much as there is."""


@dataclass(frozen=True, slots=True)
class Hotline:
    """An integration, seen through one of its keys or, by an adapter, through its id."""

    integration_id: UUID
    adapter: str
    defaults: IntegrationDefaults
    systems: tuple[System, ...] = ()
    """How its own system signs and speaks: as it is, and as it was while a rotation overlaps."""
    limits: Limits = Limits()
    key_id: UUID | None = None
    """The key it was known by, if it was one."""
    scopes: frozenset[Scope] = ALL_SCOPES
    contact_key: bytes | None = None
    """Its own: contacts are sealed to it (protection V11)."""
    notices: Notices | None = None
    """How its workers hear that a message waits; `None`: the hotline asks, and tells them."""
    test: bool = False
    """By a test key: what it hands in never leaves intake."""

    @property
    def system(self) -> System:
        """How its own system speaks now."""
        return self.systems[0] if self.systems else System()
