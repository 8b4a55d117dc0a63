"""BUYERS: what the portal tells about public buyers. Green: heard by notifications."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from tocsin_contracts.events.base import Event
from tocsin_contracts.ids import Country, Language


class BuyerChanged(Event):
    """A buyer as the portal knows it."""

    subject: ClassVar[str] = "tocsin.buyers.buyer_changed.v1"
    kind: ClassVar[str] = "buyer"
    identified_by: ClassVar[str] = "buyer_id"

    buyer_id: UUID
    name: str = Field(max_length=300)
    country: Country | None = None
    language: Language = "en"
    undertaking_signed: bool = False
    """The buyer signed to keep unverified alerts confidential (protection L6)."""
    active: bool = True


class KeyChanged(Event):
    """A buyer's API key, known by its keyed hash."""

    subject: ClassVar[str] = "tocsin.buyers.key_changed.v1"
    kind: ClassVar[str] = "buyer_key"
    identified_by: ClassVar[str] = "key_id"

    key_id: UUID
    buyer_id: UUID
    key_hash: bytes
    valid_until: AwareDatetime | None = None


class ReachChanged(Event):
    """The organisations a buyer's contracts reach, confirmed; the whole list each time."""

    subject: ClassVar[str] = "tocsin.buyers.reach_changed.v1"
    kind: ClassVar[str] = "reach"
    identified_by: ClassVar[str] = "buyer_id"

    buyer_id: UUID
    organisation_ids: tuple[UUID, ...] = Field(default=(), max_length=10_000)
