"""What notifications stores: who wants to hear what and where, and what became of it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, SmallInteger, Text, text
from sqlmodel import Field

from tocsin_common.models import Table


class Buyer(Table, table=True):
    """A buyer, as the portal tells it."""

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    language: str = Field(sa_type=Text)
    time_zone: str = Field(
        default="UTC", sa_type=Text, sa_column_kwargs={"server_default": text("'UTC'")}
    )
    undertaking_signed: bool
    active: bool


class BuyerKey(Table, table=True):
    """A buyer's API key, by its keyed hash. It may be told before its buyer is."""

    id: UUID = Field(primary_key=True)
    buyer_id: UUID = Field(index=True)
    key_hash: bytes
    valid_until: datetime | None = None


class Reach(Table, table=True):
    """An organisation that a buyer's contracts reach, as the portal tells it."""

    organisation_id: UUID = Field(primary_key=True)
    buyer_id: UUID = Field(primary_key=True, index=True)


class ContractReach(Table, table=True):
    """An organisation that one contract of a buyer's reaches, as the portal tells it."""

    __table_args__ = (Index(None, "buyer_id", "contract_id"),)

    organisation_id: UUID = Field(primary_key=True)
    contract_id: UUID = Field(primary_key=True)
    buyer_id: UUID


class Kind(StrEnum):
    """How an endpoint is told."""

    WEBHOOK = "webhook"
    EMAIL = "email"
    LISTEN = "listen"
    """A developer's own program takes deliveries from us (`tocsin listen`)."""


class Endpoint(Table, table=True):
    """Where a buyer wants to be told."""

    id: UUID = Field(primary_key=True)
    buyer_id: UUID = Field(index=True)
    kind: str = Field(default=Kind.WEBHOOK, sa_type=Text)
    address: str = Field(sa_type=Text)
    """A webhook's URL, or a mail address."""
    description: str = Field(default="", sa_type=Text)
    latest_only: bool = False
    """An older version that has not been delivered is not sent once there is a newer one."""
    secret_generation: int = 1
    """Its secret is derived from this; the next generation is a new secret."""
    previous_generation: int | None = None
    previous_until: datetime | None = None
    """Until then the previous secret signs as well."""
    created_at: datetime
    verified_at: datetime | None = None
    """When whoever is there showed that it wants this: a mail address is sent nothing before."""
    listened_at: datetime | None = None
    """When somebody last took from a `listen` endpoint: it is told while somebody does."""
    paused_at: datetime | None = None
    """Since when it is sent nothing but what is pressing."""
    rate_per_minute: int | None = None
    """The most attempts in a minute; none: as many as come."""
    spoken_for_until: datetime | None = None
    """Until when its rate is used up by what has been sent."""
    quiet_until: datetime | None = None
    """Nothing is sent before then: it asked for that, or has been failing."""
    failing_since: datetime | None = None
    """Since when every attempt has failed; such an endpoint is sent one delivery at a time."""
    failed_at: datetime | None = None
    """The newest failure since then."""
    bouncing_since: datetime | None = None
    """Since when all mail to it has come back."""
    bounced_at: datetime | None = None
    """The newest that did."""
    disabled_at: datetime | None = None
    disabled_reason: str | None = Field(default=None, sa_type=Text)
    version: int = 0
    """How often it was disabled: the version of what DELIVERIES tells about it."""


class AlertVersion(Table, table=True):
    """What is told of an alert at one version: the same bytes to everybody, for ever."""

    __table_args__ = (Index(None, "slot"),)

    alert_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    type: str = Field(sa_type=Text)
    level: str = Field(sa_type=Text)
    slot: datetime
    body: bytes
    trace: str | None = Field(default=None, sa_type=Text)
    """Of its release; every attempt to deliver it continues that."""
    country: str | None = Field(default=None, sa_type=Text)
    issue_group: str | None = Field(default=None, sa_type=Text)
    severity: int | None = Field(default=None, sa_type=SmallInteger)
    facility_id: UUID | None = None
    """At the confirmed levels only (protection L4)."""
    statement: str | None = Field(default=None, sa_type=Text)
    """What cases signed, for mails about what is confirmed; none of what is not (protection L6)."""


class AlertOrganisation(Table, table=True):
    """An organisation that an alert names at one version, and its roles there."""

    alert_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    organisation_id: UUID = Field(primary_key=True)
    roles: list[str] = Field(sa_type=ARRAY(Text))  # pyright: ignore[reportArgumentType]


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    COLLECTED = "collected"
    """It waits for its endpoint's next digest."""
    IN_DIGEST = "in_digest"
    """It went into a digest, whose own delivery says what became of it."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """Every attempt failed; a person may send it again."""
    SUPERSEDED = "superseded"
    """Its endpoint has a newer version already."""
    CANCELLED = "cancelled"
    """Its endpoint was deleted."""


class Purpose(StrEnum):
    """What a delivery is for."""

    ALERT = "alert"
    """It carries an alert version."""
    TEST = "test"
    """Asked for by its buyer; says nothing about anybody."""
    VERIFICATION = "verification"
    """Asks whoever is there whether it wants to be told."""
    DIGEST = "digest"
    """Several alerts, in one mail."""
    NOTICE = "notice"
    """About an endpoint of the buyer's own."""


class Delivery(Table, table=True):
    """One alert version on its way to one endpoint. Its id is the `webhook-id` of every attempt."""

    __table_args__ = (
        Index("uq_delivery_place", "alert_id", "endpoint_id", "alert_version", unique=True),
        Index(
            "ix_delivery_waiting",
            "endpoint_id",
            "due_at",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_delivery_collected", "due_at", postgresql_where=text("state = 'collected'")),
        Index("ix_delivery_log", "buyer_id", "planned_at", "id"),
        Index("ix_delivery_digest", "digest_id", postgresql_where=text("digest_id is not null")),
        Index("ix_delivery_of_no_alert", "planned_at", postgresql_where=text("alert_id is null")),
    )

    id: UUID = Field(primary_key=True)
    buyer_id: UUID
    endpoint_id: UUID
    purpose: str = Field(default=Purpose.ALERT, sa_type=Text)
    alert_id: UUID | None = None
    alert_version: int | None = None
    body: bytes | None = None
    """What it carries when that is no alert version, which is kept once for everybody."""
    digest_id: UUID | None = None
    """The delivery of the digest that it went into."""
    pressing: bool = False
    """A correction, or what a person waits for: goes past pauses and past older versions."""
    state: str = Field(sa_type=Text)
    planned_at: datetime
    due_at: datetime
    lease_until: datetime | None = None
    """Until then somebody is sending it."""
    leases: int = 0
    """Tells the newest lease from older ones, whose results no longer count."""
    attempts: int = 0
    tries: int = 0
    """Attempts since it was planned or resent: where it stands in the schedule."""
    settled_at: datetime | None = None
    version: int = 0
    """How often it was settled: the version of what DELIVERIES tells about it."""


class Attempt(Table, table=True):
    """One try to deliver, and what came of it. Never what was sent."""

    __table_args__ = (Index(None, "endpoint_id", "started_at"),)

    delivery_id: UUID = Field(
        primary_key=True, sa_column_args=[ForeignKey("delivery.id", ondelete="cascade")]
    )
    number: int = Field(primary_key=True)
    endpoint_id: UUID
    started_at: datetime
    milliseconds: int
    status: int | None = None
    fault: str | None = Field(default=None, sa_type=Text)
    excerpt: str | None = Field(default=None, sa_type=Text)
    """The beginning of what the endpoint answered."""
