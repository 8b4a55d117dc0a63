"""Buyers as the operator and they themselves see them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool

from tocsin_buyer_portal_api.buyers.models import Buyer, BuyerKey
from tocsin_common.text import Line
from tocsin_contracts.ids import Country, Language, TimeZone

LARGEST_REACH = 10_000
"""Organisations in one buyer's reach: the whole list travels in one event."""


class NewBuyer(BaseModel):
    """A public body that is to be told of alerts."""

    name: Line = Field(examples=["City of Example, procurement"])
    country: Country | None = Field(default=None, examples=["SE"])
    language: Language = Field(default="en", examples=["sv"])
    time_zone: TimeZone = Field(
        default="UTC",
        examples=["Europe/Stockholm"],
        description="Whose nights are quiet (IANA time zone database).",
    )
    undertaking_signed: StrictBool = Field(
        default=False,
        description="It signed to keep unverified alerts confidential; without that it sees none.",
    )


class BuyerChange(BaseModel):
    """What is to be different; what is left out stays."""

    name: Line | None = Field(default=None, examples=["City of Example"])
    country: Country | None = Field(default=None, examples=["SE"])
    language: Language | None = Field(default=None, examples=["en"])
    time_zone: TimeZone | None = Field(default=None, examples=["Europe/Stockholm"])
    undertaking_signed: StrictBool | None = Field(default=None, examples=[True])
    active: StrictBool | None = Field(default=None, description="False shuts all its keys out.")


class BuyerShown(BaseModel):
    """A buyer as the operator sees it."""

    buyer_id: UUID
    version: int = Field(examples=[1])
    name: str = Field(examples=["City of Example, procurement"])
    country: str | None = Field(examples=["SE"])
    language: str = Field(examples=["sv"])
    time_zone: str = Field(examples=["Europe/Stockholm"])
    undertaking_signed: bool
    active: bool
    created_at: datetime

    @classmethod
    def of(cls, buyer: Buyer) -> "BuyerShown":
        return cls.model_validate(buyer, from_attributes=True)


class NewKey(BaseModel):
    """An API key, shown this once."""

    key_id: UUID
    key: str = Field(examples=["tcs_live_5f0c…"])


class BuyerCreated(BuyerShown, NewKey):
    """A new buyer and its first key, shown this once."""


class KeyShown(BaseModel):
    """An API key without itself."""

    key_id: UUID
    created_at: datetime
    valid_until: datetime | None = Field(description="From then on it is refused.")

    @classmethod
    def of(cls, key: BuyerKey) -> "KeyShown":
        return cls.model_validate(key, from_attributes=True)


class KeyList(BaseModel):
    """A buyer's newest keys, newest first."""

    data: list[KeyShown]


class NewReach(BaseModel):
    """The organisations confirmed for a buyer, beside what its contracts reach: the whole list."""

    organisation_ids: list[UUID] = Field(max_length=LARGEST_REACH)


class ReachShown(BaseModel):
    """A buyer's reach."""

    buyer_id: UUID
    version: int = Field(examples=[1])
    organisation_ids: list[UUID]


class Me(BaseModel):
    """The buyer whose key was shown."""

    buyer_id: UUID
    name: str = Field(examples=["City of Example, procurement"])
    country: str | None = Field(examples=["SE"])
    language: str = Field(examples=["sv"])
    undertaking_signed: bool = Field(
        description="It signed to keep unverified alerts confidential; without that it sees none."
    )
    organisations: int = Field(description="How many organisations its contracts reach.")
