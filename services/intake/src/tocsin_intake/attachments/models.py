"""What is stored of attachments beside their sealed bytes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlmodel import Field

from tocsin_common.models import Table


class Attachment(Table, table=True):
    """A photo or voice note. Its data key lies with those of complaints, under its own id."""

    __table_args__ = (Index("ix_attachment_expires_at", "expires_at"),)

    id: UUID = Field(primary_key=True)
    """Random (protection V9)."""
    integration_id: UUID = Field(sa_column_args=[ForeignKey("integration.id")], index=True)
    complaint_id: UUID | None = Field(default=None, index=True)
    """`None` until a complaint names it."""
    media_type: str = Field(sa_type=Text)
    """Of what it was made into."""
    size: int
    """Of the sealed bytes."""
    digest: bytes
    """Of the sealed bytes (protection V9)."""
    named: bytes | None = None
    """A keyed hash of where in the hotline's own system it was fetched from."""
    stored: bool = False
    """Its bytes are in the store."""
    created_at: datetime
    expires_at: datetime | None
    """When it goes unless a complaint has named it; `None`: it goes with its complaint."""
