"""What is stored about buyers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text, true
from sqlmodel import Field

from tocsin_common.models import Table


class Buyer(Table, table=True):
    """A public body."""

    __table_args__ = (Index(None, "created_at", "buyer_id"),)

    buyer_id: UUID = Field(primary_key=True)
    version: int = 1
    reach_version: int = 0
    """Versions of its reach, which is an aggregate of its own."""
    name: str = Field(sa_type=Text)
    country: str | None = Field(default=None, sa_type=Text)
    language: str = Field(sa_type=Text)
    time_zone: str = Field(
        default="UTC", sa_type=Text, sa_column_kwargs={"server_default": text("'UTC'")}
    )
    undertaking_signed: bool = False
    active: bool = True
    created_at: datetime


class BuyerKey(Table, table=True):
    """An API key of a buyer, known by its keyed hash."""

    __table_args__ = (Index("uq_buyer_key_key_hash", "key_hash", unique=True),)

    key_id: UUID = Field(primary_key=True)
    buyer_id: UUID = Field(sa_column_args=[ForeignKey("buyer.buyer_id")], index=True)
    version: int = 1
    key_hash: bytes
    created_at: datetime
    valid_until: datetime | None = None


class Reach(Table, table=True):
    """An organisation that a buyer reaches: confirmed by itself, by a contract, or both."""

    buyer_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("buyer.buyer_id")])
    organisation_id: UUID = Field(primary_key=True)
    confirmed: bool = Field(default=True, sa_column_kwargs={"server_default": true()})
    """By itself; without that it is reached as long as a contract reaches it."""
