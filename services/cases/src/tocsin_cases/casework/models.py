"""What is stored about complaints and cases. A worker's words are not."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, LargeBinary, SmallInteger, Text, text
from sqlmodel import Field

from tocsin_common.models import Table


class Complaint(Table, table=True):
    """A complaint as intake told it: identifiers and codes."""

    __table_args__ = (
        Index("ix_complaint_waiting", "id", postgresql_where=text("match <> 'matched'")),
        Index("ix_complaint_new", "id", postgresql_where=text("acknowledged_at is null")),
        Index(
            "ix_complaint_taken_note_of",
            "acknowledged_at",
            postgresql_where=text(
                "acknowledged_at is not null and withdrawn_at is null and status <> 'closed'"
            ),
        ),
    )

    id: UUID = Field(primary_key=True)
    integration_id: UUID
    received_at: datetime
    match: str = Field(sa_type=Text)
    """Whether its facility is known; what is not matched waits for a person."""
    facility_id: UUID | None = Field(default=None, sa_column_args=[ForeignKey("facility.id")])
    status: str = Field(sa_type=Text)
    status_version: int = 1
    os_id: str | None = Field(default=None, sa_type=Text)
    country: str | None = Field(default=None, sa_type=Text)
    language: str | None = Field(default=None, sa_type=Text)
    issues: list[str] = Field(sa_type=ARRAY(Text))  # pyright: ignore[reportArgumentType]
    happened_on: date | None = None
    workers_affected: str = Field(sa_type=Text)
    immediate_danger: bool
    retaliation: str = Field(sa_type=Text)
    relation: str = Field(sa_type=Text)
    share: str = Field(sa_type=Text)
    supplier_contact: str = Field(sa_type=Text)
    genuine: bool
    members: str = Field(sa_type=Text)
    sealed: bytes | None = None
    """The sealed part as it came, only until the facility is known."""
    public_key: bytes | None = None
    """Replies are sealed to it."""
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    """Counts officers' edits, for the ETag."""
    officer_id: UUID | None = Field(default=None, sa_column_args=[ForeignKey("officer.id")])
    """Whose it is: who may open its words."""
    assigned_at: datetime | None = None
    acknowledged_at: datetime | None = None
    withdrawn_at: datetime | None = None
    counts_since: datetime | None = None
    """When the source last agreed to count, having refused; `None`: since it came."""
    given_since: datetime | None = None
    """When the source last gave consent that it had not given before; `None`: since it came."""
    messages: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Words that were added since it came; they are in the vault."""


class Standing(Table, table=True):
    """What was heard of a complaint that is not here: not yet filed, or erased for good."""

    __table_args__ = (
        Index("ix_standing_said_at", "said_at", postgresql_where=text("erased_at is null")),
    )

    complaint_id: UUID = Field(primary_key=True)
    share: str | None = Field(default=None, sa_type=Text)
    supplier_contact: str | None = Field(default=None, sa_type=Text)
    said_at: datetime | None = None
    """When the source said so."""
    withdrawn_at: datetime | None = None
    erased_at: datetime | None = None
    """It is never filed again, whatever comes (protection V5)."""
    messages: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Words that were added, heard before the complaint itself."""


class Proposal(Table, table=True):
    """A facility that an unmatched complaint may be about; a person says whether it is."""

    complaint_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("complaint.id")])
    facility_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("facility.id")])


class Case(Table, table=True):
    """The work on complaints about one facility and issue group."""

    __table_args__ = (
        Index("uq_case_facility_id_issue_group", "facility_id", "issue_group", unique=True),
        Index("ix_case_to_weigh", "facility_id", "issue_group", postgresql_where=text("to_weigh")),
    )

    id: UUID = Field(primary_key=True)
    facility_id: UUID = Field(sa_column_args=[ForeignKey("facility.id")])
    issue_group: str = Field(sa_type=Text)
    opened_at: datetime
    key: bytes
    """Random; what stands for a source in this case is hashed under it (protection V4)."""
    scale: int = Field(sa_type=SmallInteger)
    scope: int = Field(sa_type=SmallInteger)
    irremediability: int = Field(sa_type=SmallInteger)
    immediate_danger: bool
    to_weigh: bool = True
    """A complaint joined, and disclosure has not looked at the case since."""


class CaseComplaint(Table, table=True):
    """A complaint in a case, and what stands there for its source."""

    case_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("case.id")])
    complaint_id: UUID = Field(
        primary_key=True, sa_column_args=[ForeignKey("complaint.id")], index=True
    )
    source_kind: bytes | None = None
    source: bytes | None = None
    sources_before: list[bytes] | None = Field(default=None, sa_type=ARRAY(LargeBinary))  # pyright: ignore[reportArgumentType]
    """The same source as the keys of before name it."""
    counted_kind: int | None = None
    counted_source: int | None = None
    """Numbers in place of the two, given when something in the case was closed: they tell sources
    apart, and nothing of a handle."""
