"""What is stored of acknowledgements."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from tocsin_common.models import Table


class Acknowledgement(Table, table=True):
    """The newest change of an alert that a buyer was told, and whether it has been seen there."""

    __table_args__ = (
        Index("ix_acknowledgement_buyer", "buyer_id", "asked_at", "id"),
        Index(
            "ix_acknowledgement_open",
            "asked_at",
            "id",
            postgresql_where=text("acknowledged_at is null"),
        ),
        Index("uq_acknowledgement_alert", "alert_id", "buyer_id", unique=True),
    )

    id: UUID = Field(primary_key=True)
    alert_id: UUID
    buyer_id: UUID
    version: int
    """Of the alert."""
    type: str = Field(sa_type=Text)
    asked_at: datetime
    acknowledged_at: datetime | None = None
