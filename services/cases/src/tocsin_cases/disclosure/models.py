"""What is stored about disclosure: plans, intentions and alerts."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlmodel import Field

from tocsin_common.models import Table


class Disclosure(Table, table=True):
    """Where a case stands on its way to buyers."""

    __table_args__ = (
        Index(
            "ix_disclosure_planned_for",
            "planned_for",
            postgresql_where=text("planned_for is not null"),
        ),
    )

    case_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("case.id")])
    delay_seconds: int
    """Drawn once (protection D3)."""
    planned_for: datetime | None = None
    """The slot it is to be released in."""
    alert_id: UUID | None = None
    """The alert that stands."""
    since: datetime | None = None
    """The slot in which the last alert ended; what came before it counts no more."""


class Intention(Table, table=True):
    """A hotline was told what cases means to disclose; it may hold it (protection D8)."""

    __table_args__ = (
        Index(None, "case_id", "planned_for"),
        Index("ix_intention_held", "id", postgresql_where=text("held_until is not null")),
    )

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(sa_column_args=[ForeignKey("case.id")])
    integration_id: UUID
    planned_for: datetime
    told_at: datetime
    held_until: date | None = None
    reason: str | None = Field(default=None, sa_type=Text)


class Alert(Table, table=True):
    """An alert at its last version. Its id is green."""

    __table_args__ = (
        Index(
            "uq_alert_case_id_active",
            "case_id",
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
        Index("ix_alert_ended", "slot", postgresql_where=text("state = 'ended'")),
    )

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(sa_column_args=[ForeignKey("case.id")])
    version: int
    state: str = Field(sa_type=Text)
    slot: datetime
    """The slot its last version left in."""
    review_by: date
    statement: str = Field(sa_type=Text)
    """What was last said, as JSON."""
    revision: int
    """The facility's revision when it was said."""
    end_asked: bool = False
    """An officer has ended it; it leaves in the next slot."""


class SlotOver(Table, table=True):
    """The last slot in which everything that was due has left."""

    slot: datetime = Field(primary_key=True)
