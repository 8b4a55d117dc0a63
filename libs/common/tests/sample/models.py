"""What the sample service stores: complaints as it heard them, and notes on them."""

from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Text
from sqlmodel import Field

from tocsin_common.models import Table


class Filed(Table, table=True):
    """A complaint, in the order in which it was handled."""

    complaint_id: UUID = Field(primary_key=True)
    version: int = 1
    times: int = 1
    """How often it was handled."""
    place: int = Field(sa_type=BigInteger, sa_column_args=[Identity(always=True)])


class Note(Table, table=True):
    """Words about a complaint, which must be there at the latest when the transaction commits."""

    __table_args__ = (CheckConstraint("words <> 'bad'", name="words"),)

    id: UUID = Field(primary_key=True)
    complaint_id: UUID | None = Field(
        default=None,
        sa_column_args=[ForeignKey("filed.complaint_id", deferrable=True, initially="DEFERRED")],
    )
    words: str = Field(sa_type=Text)
