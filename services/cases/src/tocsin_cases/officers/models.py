"""What is stored about officers and their moves."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlmodel import Field

from tocsin_common.models import Table


class Officer(Table, table=True):
    """A case officer. The key is known by its keyed hash."""

    __table_args__ = (Index("uq_officer_key_hash", "key_hash", unique=True),)

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    key_hash: bytes
    created_at: datetime
    disabled_at: datetime | None = None


class Audit(Table, table=True):
    """A move: who did what to what, and when. Rows are only ever added."""

    id: UUID = Field(primary_key=True)
    moved_at: datetime
    officer_id: UUID | None = Field(
        default=None, sa_column_args=[ForeignKey("officer.id")], index=True
    )
    """`None`: the operator."""
    move: str = Field(sa_type=Text)
    subject_id: UUID | None = Field(default=None, index=True)
    """What was moved: a complaint, an alert, an officer."""
    object_id: UUID | None = None
    """What it was moved to, like the facility a complaint is about."""
