"""What intake stores: codes in clear, words and contacts only sealed."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from tocsin_common.models import Table


class Integration(Table, table=True):
    """A hotline's technical connection."""

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    adapter: str = Field(sa_type=Text)
    defaults: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    """What a complaint says when its hotline does not: channel, language, country, facility."""
    sealed_secrets: bytes | None = None
    """How the hotline's own system signs and speaks, sealed under the vault key."""
    sealed_notices: bytes | None = None
    """How its workers hear that a message waits, sealed likewise."""
    requests_per_minute: int | None = None
    retention_days: int | None = None
    """How long its complaints are kept; `None`: as long as intake keeps any."""
    contact_key: bytes | None = None
    """The hotline's own X25519 key: contacts are sealed to it (protection V11)."""
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    """Counts changes, for the ETag."""
    created_at: datetime
    last_used_at: datetime | None = None
    disabled_at: datetime | None = None


class IntegrationKey(Table, table=True):
    """An API key of an integration, known by its keyed hash."""

    key_hash: bytes = Field(primary_key=True)
    key_id: UUID = Field(unique=True, sa_column_kwargs={"server_default": func.gen_random_uuid()})
    """What it is called by those who must not know it."""
    integration_id: UUID = Field(sa_column_args=[ForeignKey("integration.id")], index=True)
    scopes: list[str] = Field(
        sa_type=JSONB, sa_column_kwargs={"server_default": '["complaints", "disclosures"]'}
    )
    test: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """What it hands in never leaves intake."""
    created_at: datetime
    valid_until: datetime | None = None
    last_used_at: datetime | None = None


class Complaint(Table, table=True):
    """A complaint as it was accepted. Its words are in the vault."""

    __table_args__ = (
        Index("uq_complaint_receipt_hash", "receipt_hash", unique=True),
        Index("ix_complaint_integration_id_received_at", "integration_id", "received_at"),
    )

    id: UUID = Field(primary_key=True)
    integration_id: UUID = Field(sa_column_args=[ForeignKey("integration.id")])
    received_at: datetime
    facts: dict[str, Any] = Field(sa_type=JSONB)
    """Codes and identifiers, as they are told."""
    body_hash: bytes
    receipt_hash: bytes
    receipt_used_at: datetime | None = None
    status: str = Field(default="received", sa_type=Text)


class Acceptance(Table, table=True):
    """A reference under which a hotline handed a complaint in: a keyed hash and a pointer.

    That of an informational call points to no complaint.

    An `Idempotency-Key` and an `external_ref` are both kept like this (protection V3).
    """

    __table_args__ = (
        Index(
            "ix_acceptance_expires_on",
            "expires_on",
            postgresql_where=text("expires_on is not null"),
        ),
    )

    reference: bytes = Field(primary_key=True)
    complaint_id: UUID = Field(index=True)
    expires_on: date | None = None
    """When it goes; `None`: it stays while its complaint does."""


class CallCount(Table, table=True):
    """How many informational calls a hotline had in a month; nothing else is kept of them."""

    integration_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("integration.id")])
    month: date = Field(primary_key=True)
    """The first day of it."""
    issue_group: str = Field(primary_key=True, sa_type=Text)
    """The group of the call's first code; `none` without one."""
    calls: int


class DataKey(Table, table=True):
    """The key that opens one complaint's part of the vault, wrapped; erasure destroys it.

    That of an attachment lies here too, under the attachment's own id.
    """

    complaint_id: UUID = Field(primary_key=True)
    wrapped: bytes


class VaultEntry(Table, table=True):
    """A complaint's words, and its contact apart from them, sealed under its data key."""

    complaint_id: UUID = Field(primary_key=True)
    words: bytes
    contact: bytes | None = None


class TestComplaint(Table, table=True):
    """Marks a complaint that a test key handed in: never told, and soon gone."""

    __test__ = False  # pytest looks for names like this

    complaint_id: UUID = Field(primary_key=True)
    received_at: datetime = Field(index=True)


class Quarantined(Table, table=True):
    """A payload that its adapter does not know, as it came, sealed under the vault key."""

    id: UUID = Field(primary_key=True)
    integration_id: UUID = Field(sa_column_args=[ForeignKey("integration.id")], index=True)
    adapter: str = Field(sa_type=Text)
    received_at: datetime = Field(index=True)
    size: int
    reason: str = Field(sa_type=Text)
    """A code, never a value (protection V6)."""
    digest: bytes = Field(unique=True)
    """A keyed hash: what comes again is kept once."""
    sealed: bytes


class Reconciliation(Table, table=True):
    """How far a hotline's own system has been read."""

    integration_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("integration.id")])
    began: datetime
    newest: datetime
    after_new: int = Field(sa_type=BigInteger)
    after_edited: int = Field(sa_type=BigInteger)
    due_at: datetime
