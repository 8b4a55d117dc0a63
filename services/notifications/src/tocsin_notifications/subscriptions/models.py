"""What is stored of subscriptions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, SmallInteger, Text, Uuid, text
from sqlmodel import Field

from tocsin_common.models import Table

_NONE = {"server_default": text("'{}'")}


class Subscription(Table, table=True):
    """What a buyer wants to hear: within a kind of condition any one, across kinds all."""

    __table_args__ = (Index(None, "buyer_id", "created_at", "id"),)

    id: UUID = Field(primary_key=True)
    buyer_id: UUID
    name: str = Field(default="", sa_type=Text)
    organisation_ids: list[UUID] = Field(default_factory=list, sa_type=ARRAY(Uuid))  # pyright: ignore[reportArgumentType]
    roles: list[str] = Field(default_factory=list, sa_type=ARRAY(Text), sa_column_kwargs=_NONE)  # pyright: ignore[reportArgumentType]
    facility_ids: list[UUID] = Field(
        default_factory=list,
        sa_type=ARRAY(Uuid),  # pyright: ignore[reportArgumentType]
        sa_column_kwargs=_NONE,
    )
    contract_ids: list[UUID] = Field(
        default_factory=list,
        sa_type=ARRAY(Uuid),  # pyright: ignore[reportArgumentType]
        sa_column_kwargs=_NONE,
    )
    countries: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))  # pyright: ignore[reportArgumentType]
    issue_groups: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))  # pyright: ignore[reportArgumentType]
    severity_at_least: int = Field(
        default=1, sa_type=SmallInteger, sa_column_kwargs={"server_default": text("1")}
    )
    level_at_least: int = Field(
        default=0, sa_type=SmallInteger, sa_column_kwargs={"server_default": text("0")}
    )
    """A place among `matching.LEVELS`."""
    timing: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """When its mails go out (see `timing.Timing.written`)."""
    every_endpoint: bool
    """It goes to all the endpoints its buyer has, also to later ones."""
    created_at: datetime
    paused_at: datetime | None = None
    """Since when it begins nothing; what it has told goes on."""
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})


class SubscriptionTerm(Table, table=True):
    """A term by which a subscription is found among those of a buyer (see `matching`)."""

    buyer_id: UUID = Field(primary_key=True)
    term: str = Field(primary_key=True, sa_type=Text)
    subscription_id: UUID = Field(
        primary_key=True,
        index=True,
        sa_column_args=[ForeignKey("subscription.id", ondelete="cascade")],
    )


class SubscriptionEndpoint(Table, table=True):
    """An endpoint that a subscription names."""

    subscription_id: UUID = Field(
        primary_key=True, sa_column_args=[ForeignKey("subscription.id", ondelete="cascade")]
    )
    endpoint_id: UUID = Field(
        primary_key=True,
        index=True,
        sa_column_args=[ForeignKey("endpoint.id", ondelete="cascade")],
    )


class PreviewView(Table, table=True):
    """That a buyer was shown an unverified alert in a preview: views are logged (protection L6)."""

    buyer_id: UUID = Field(primary_key=True)
    alert_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    hour: datetime = Field(primary_key=True, index=True)
