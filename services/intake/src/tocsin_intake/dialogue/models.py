"""What is stored of the dialogue: words only sealed, consent as codes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text
from sqlmodel import Field

from tocsin_common.models import Table


class Message(Table, table=True):
    """Words that followed a complaint, or an officer's reply; sealed under the complaint's key."""

    __table_args__ = (Index("ix_message_complaint_id", "complaint_id", "written_at"),)

    id: UUID = Field(primary_key=True)
    complaint_id: UUID
    author: str = Field(sa_type=Text)
    """`worker`, `hotline` or `officer`."""
    written_at: datetime
    sealed: bytes


class Dialogue(Table, table=True):
    """What became of a complaint since it was accepted; without a row: nothing."""

    __table_args__ = (Index("uq_dialogue_own_receipt_hash", "own_receipt_hash", unique=True),)

    complaint_id: UUID = Field(primary_key=True)
    consent_version: int = 0
    share: str | None = Field(default=None, sa_type=Text)
    """`None`: as it was said with the complaint."""
    supplier_contact: str | None = Field(default=None, sa_type=Text)
    acknowledged_at: datetime | None = None
    withdrawn_at: datetime | None = None
    own_receipt_hash: bytes | None = None
    """Of the number that no hotline has seen (protection V8)."""
    pin_hash: bytes | None = None
