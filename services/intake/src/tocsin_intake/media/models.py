"""What is stored of a file that is still to be fetched, or could not be."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlmodel import Field

from tocsin_common.models import Table

WAITING = text("state = 'waiting'")


class SentAlong(Table, table=True):
    """A file in a hotline's own system. Once it is fetched, an attachment takes its place."""

    __tablename__ = "sent_along"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        Index("ix_sent_along_due_at", "due_at", postgresql_where=WAITING),
        Index("ix_sent_along_integration_id", "integration_id", "id"),
        Index("ix_sent_along_state", "state", "id"),
    )

    id: UUID = Field(primary_key=True)
    complaint_id: UUID = Field(index=True)
    integration_id: UUID = Field(sa_column_args=[ForeignKey("integration.id")])
    kind: str = Field(sa_type=Text)
    """One of ours: `image`, `voice`, …"""
    sealed: bytes
    """Where it lies there, under the complaint's data key: erasure destroys it with that."""
    named: bytes | None = None
    """A keyed hash of where it lies, so that the same file is fetched once."""
    created_at: datetime
    state: str = Field(
        default="waiting", sa_type=Text, sa_column_kwargs={"server_default": "waiting"}
    )
    reason: str | None = Field(default=None, sa_type=Text)
    """A code, never a value: why the last attempt brought nothing."""
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    due_at: datetime
    """When it is tried next; while somebody tries, when that attempt is taken for lost."""
