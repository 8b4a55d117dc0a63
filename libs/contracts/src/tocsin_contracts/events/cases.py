"""CASES: what cases tells about its work on complaints. Amber: only intake hears it."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from tocsin_contracts.alerts import Level
from tocsin_contracts.events.base import Event
from tocsin_contracts.ids import Country


class ComplaintStatus(StrEnum):
    """Where a complaint stands, in the words a worker is shown."""

    RECEIVED = "received"
    FACILITY_UNKNOWN = "facility_unknown"
    IN_REVIEW = "in_review"
    CLOSED = "closed"


class ComplaintStatusChanged(Event):
    """A complaint stands elsewhere now, so its receipt shows it."""

    subject: ClassVar[str] = "tocsin.cases.complaint_status_changed.v1"
    kind: ClassVar[str] = "complaint_status"
    identified_by: ClassVar[str] = "complaint_id"

    complaint_id: UUID
    status: ComplaintStatus


class ComplaintAcknowledged(Event):
    """An officer has taken note of a complaint, so its receipt says so."""

    subject: ClassVar[str] = "tocsin.cases.complaint_acknowledged.v1"
    kind: ClassVar[str] = "acknowledgement"
    identified_by: ClassVar[str] = "complaint_id"

    complaint_id: UUID


class ReplyWritten(Event):
    """An officer answers a worker."""

    subject: ClassVar[str] = "tocsin.cases.reply_written.v1"
    kind: ClassVar[str] = "reply"
    identified_by: ClassVar[str] = "reply_id"

    reply_id: UUID
    complaint_id: UUID
    sealed: bytes = Field(max_length=100_000)
    """The words, sealed to the complaint's own public key: nobody opens them but the vault."""


class DisclosureIntended(Event):
    """Cases means to tell buyers something in a slot; the hotline may hold it (protection D8)."""

    subject: ClassVar[str] = "tocsin.cases.disclosure_intended.v1"
    kind: ClassVar[str] = "disclosure_intention"
    identified_by: ClassVar[str] = "intention_id"

    intention_id: UUID
    integration_id: UUID
    level: Level
    slot: AwareDatetime
    organisation_names: tuple[str, ...]
    country: Country
    issue_group: str
