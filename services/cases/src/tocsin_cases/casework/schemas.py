"""What case officers send about complaints, and what they are shown."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from tocsin_cases.casework import clocks
from tocsin_cases.casework.models import Complaint
from tocsin_cases.registry.matching import Match
from tocsin_cases.registry.schemas import FacilityShown
from tocsin_contracts.events.cases import ComplaintStatus
from tocsin_contracts.events.complaints import Consent, Headcount, Relation, SupplierContact
from tocsin_contracts.ids import Country, IssueCode, Language, OsId


class Matching(BaseModel):
    """A person's word on which facility a complaint is about."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    facility_id: UUID
    issues: tuple[IssueCode, ...] = Field(
        default=(),
        max_length=10,
        description="What it is about, for a complaint that came without codes.",
        examples=[["wages.unpaid"]],
    )


class ComplaintShown(BaseModel):
    """A complaint: codes and identifiers, no words."""

    complaint_id: UUID
    integration_id: UUID
    received_at: datetime
    acknowledge_by: datetime
    match: Match
    status: ComplaintStatus
    facility_id: UUID | None
    os_id: OsId | None
    country: Country | None
    language: Language | None
    issues: list[IssueCode]
    workers_affected: Headcount
    immediate_danger: bool
    relation: Relation
    share: Consent
    supplier_contact: SupplierContact
    genuine: bool
    version: int
    officer_id: UUID | None
    acknowledged_at: datetime | None
    withdrawn_at: datetime | None
    messages: int

    @classmethod
    def of(cls, complaint: Complaint) -> "ComplaintShown":
        return cls.model_validate(
            complaint.model_dump()
            | {
                "complaint_id": complaint.id,
                "acknowledge_by": clocks.acknowledge_by(complaint.received_at),
            }
        )


class WaitingComplaint(ComplaintShown):
    """A complaint whose facility a person must find, with the words it was reported in.

    They are opened for this answer only, and stored nowhere.
    """

    facility_name: str | None
    facility_address: str | None
    proposals: list[FacilityShown]


class SeverityShown(BaseModel):
    """How bad it is: the worst of the three."""

    value: int
    scale: int
    scope: int
    irremediability: int


class CaseFacility(BaseModel):
    """The facility a case is about."""

    facility_id: UUID
    os_id: OsId | None
    name: str
    country: Country


class CaseShown(BaseModel):
    """A case in a list."""

    case_id: UUID
    facility: CaseFacility
    issue_group: str
    opened_at: datetime
    severity: SeverityShown
    immediate_danger: bool
    complaints: int


class CaseOpened(CaseShown):
    """A case with the complaints in it, newest last."""

    complaints_in_it: list[ComplaintShown]
