"""What is stored of who may open the vault, and of who did."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from tocsin_common.models import Table


class Officer(Table, table=True):
    """An officer who may open words, under the id that cases knows; by a key of intake's own."""

    __table_args__ = (Index("uq_officer_key_hash", "key_hash", unique=True),)

    id: UUID = Field(primary_key=True)
    key_hash: bytes
    created_at: datetime
    disabled_at: datetime | None = None


class Opening(Table, table=True):
    """An officer opened a complaint's words, or a file of it. A row is only ever added.

    Rows are a chain: each hash covers the row and the hash before it, so none can be changed or
    taken out unseen.
    """

    __table_args__ = (
        Index("ix_opening_officer_id_opened_at", "officer_id", "opened_at"),
        Index("ix_opening_integration_id_seq", "integration_id", "seq"),
        Index("uq_opening_token_id", "token_id", unique=True),
        Index("uq_opening_second_token_id", "second_token_id", unique=True),
    )

    seq: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    opened_at: datetime
    complaint_id: UUID
    integration_id: UUID
    officer_id: UUID
    second_officer_id: UUID | None = None
    reason: str = Field(sa_type=Text)
    token_id: UUID
    """A token is used once."""
    second_token_id: UUID | None = None
    attachment_id: UUID | None = None
    """The photo or recording that was opened; without one, the words."""
    hash: bytes
