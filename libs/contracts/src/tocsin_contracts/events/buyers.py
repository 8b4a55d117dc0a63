"""BUYERS: what the portal tells about public buyers. Green: heard by notifications."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from tocsin_contracts.events.base import PLAIN, Event
from tocsin_contracts.ids import Country, Language, TimeZone


class BuyerChanged(Event):
    """A buyer as the portal knows it."""

    subject: ClassVar[str] = "tocsin.buyers.buyer_changed.v1"
    kind: ClassVar[str] = "buyer"
    identified_by: ClassVar[str] = "buyer_id"

    buyer_id: UUID
    name: str = Field(max_length=300)
    country: Country | None = None
    language: Language = "en"
    time_zone: TimeZone = "UTC"
    """Whose nights are quiet, and whose mornings bring what was collected."""
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


class ContractReach(BaseModel):
    """The organisations that one contract reaches, confirmed."""

    model_config = PLAIN

    contract_id: UUID
    organisation_ids: tuple[UUID, ...] = Field(default=(), max_length=10_000)


class ReachChanged(Event):
    """The organisations a buyer's contracts reach, confirmed; the whole list each time."""

    subject: ClassVar[str] = "tocsin.buyers.reach_changed.v1"
    kind: ClassVar[str] = "reach"
    identified_by: ClassVar[str] = "buyer_id"

    buyer_id: UUID
    organisation_ids: tuple[UUID, ...] = Field(default=(), max_length=10_000)
    contracts: tuple[ContractReach, ...] = Field(default=(), max_length=1_000)
    """Which contract reaches which of them; what is in none was confirmed by itself."""
