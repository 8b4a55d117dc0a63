"""What stays after an erasure: that it was done, and numbers without a person."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, false, text
from sqlmodel import Field

from tocsin_common.models import Table


class Erasure(Table, table=True):
    """A complaint that is gone for good, and the certificate of it."""

    __table_args__ = (
        Index("ix_erasure_to_scrub", "complaint_id", postgresql_where=text("scrubbed_at is null")),
    )

    complaint_id: UUID = Field(primary_key=True)
    erased_at: datetime
    reason: str = Field(sa_type=Text)
    certificate: str = Field(sa_type=Text)
    signature: bytes
    scrubbed_at: datetime | None = None
    """When the files of the database were rewritten without it."""
    test: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """A test key had handed it in, so nobody was ever told of it."""


class ErasedCount(Table, table=True):
    """How many complaints of a month were erased later: statistics survive without the person."""

    integration_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("integration.id")])
    month: date = Field(primary_key=True)
    """The first day of the month they came in."""
    issue_group: str = Field(primary_key=True, sa_type=Text)
    """The group of the first code; `none` without one."""
    complaints: int
