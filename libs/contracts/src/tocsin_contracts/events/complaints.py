"""COMPLAINTS: what intake tells about complaints. Amber: only cases hears it."""

from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from tocsin_contracts.events.base import PLAIN, Event
from tocsin_contracts.ids import Country, IssueCode, Language, OsId


class Consent(StrEnum):
    """What the source said to sharing with buyers (protection D1)."""

    GIVEN = "given"
    NOT_ASKED = "not_asked"
    REFUSED = "refused"


class SupplierContact(StrEnum):
    """Whether the supplier may be approached, and about what (protection D10)."""

    NEVER = "never"
    GENERIC_ENQUIRY = "generic_enquiry"
    ABOUT_COMPLAINT = "about_complaint"


class Retaliation(StrEnum):
    """What the source says about retaliation."""

    NONE = "none"
    FEARED = "feared"
    SUFFERED = "suffered"


class Relation(StrEnum):
    """How the source stands to the workers concerned."""

    WORKER = "worker"
    FORMER_WORKER = "former_worker"
    REPRESENTATIVE = "representative"
    FAMILY = "family"
    OTHER = "other"


class Headcount(StrEnum):
    """How many people, as a bucket: an exact number could single somebody out (protection D5)."""

    NOT_STATED = "not_stated"
    UNDER_10 = "1-9"
    TENS = "10-99"
    HUNDREDS = "100-999"
    THOUSANDS = "1000+"

    @classmethod
    def of(cls, number: int) -> "Headcount":
        """The bucket of an exact number, which is then forgotten."""
        floors = (
            (1000, cls.THOUSANDS),
            (100, cls.HUNDREDS),
            (10, cls.TENS),
            (1, cls.UNDER_10),
        )
        return next((bucket for floor, bucket in floors if number >= floor), cls.NOT_STATED)


class Reported(BaseModel):
    """The part of a complaint that is sealed to cases: words and the source's tag.

    Facility text as reported is a worker's words (protection V1). The tag stands for one handle
    of one kind and cannot be turned back into it (protection V4).
    """

    model_config = PLAIN

    facility_name: str | None = None
    facility_address: str | None = None
    source_kind: str | None = None
    source_tag: bytes | None = None
    tag_key: str | None = None
    """Which key made the tag; a new one comes every year."""
    source_tags_before: tuple[bytes, ...] = Field(default=(), max_length=8)
    """The same handle's tags under the keys of before, by which older complaints know it."""


class ComplaintReceived(Event):
    """A hotline handed in a complaint and intake stored it."""

    subject: ClassVar[str] = "tocsin.complaints.received.v1"
    kind: ClassVar[str] = "complaint"
    identified_by: ClassVar[str] = "complaint_id"

    complaint_id: UUID
    integration_id: UUID
    channel: str = Field(max_length=32)
    language: Language | None = None
    os_id: OsId | None = None
    country: Country | None = None
    issues: tuple[IssueCode, ...] = ()
    happened_on: date | None = None
    happened_until: date | None = None
    """The last day, where it was more than one."""
    workers_affected: Headcount = Headcount.NOT_STATED
    immediate_danger: bool = False
    retaliation: Retaliation = Retaliation.NONE
    relation: Relation = Relation.WORKER
    share: Consent = Consent.NOT_ASKED
    supplier_contact: SupplierContact = SupplierContact.NEVER
    genuine: bool = False
    """The hotline attests that it has checked: a real person, a real account (protection D2)."""
    members: Headcount = Headcount.NOT_STATED
    """For a representative: how many stand behind the complaint, as the hotline attests."""
    attachments: int = Field(default=0, ge=0)
    """How many photos and voice notes came along; some may still have to be fetched."""
    sealed: bytes
    """`Reported` as JSON, in a box from intake that only cases can open."""
    public_key: bytes | None = Field(default=None, min_length=32, max_length=32)
    """X25519: replies are sealed to it; its private half never leaves the vault."""


class Author(StrEnum):
    """Who wrote a message that follows a complaint."""

    WORKER = "worker"
    HOTLINE = "hotline"


class MessageAdded(Event):
    """Words were added to a complaint. They stay in the vault; officers open them there."""

    subject: ClassVar[str] = "tocsin.complaints.message_added.v1"
    kind: ClassVar[str] = "message"
    identified_by: ClassVar[str] = "message_id"

    message_id: UUID
    complaint_id: UUID
    author: Author


class ConsentChanged(Event):
    """The source agrees to something else now (protection D1, D4)."""

    subject: ClassVar[str] = "tocsin.complaints.consent_changed.v1"
    kind: ClassVar[str] = "consent"
    identified_by: ClassVar[str] = "complaint_id"

    complaint_id: UUID
    share: Consent
    supplier_contact: SupplierContact


class Withdrawn(Event):
    """The source took the complaint back: it contributes nothing from now on (protection D4)."""

    subject: ClassVar[str] = "tocsin.complaints.withdrawn.v1"
    kind: ClassVar[str] = "withdrawal"
    identified_by: ClassVar[str] = "complaint_id"

    complaint_id: UUID


class Erased(Event):
    """Everything that was known of a complaint is gone; whoever derived from it follows (V5)."""

    subject: ClassVar[str] = "tocsin.complaints.erased.v1"
    kind: ClassVar[str] = "erasure"
    identified_by: ClassVar[str] = "complaint_id"

    complaint_id: UUID


class DisclosureHeld(Event):
    """A hotline holds what cases means to disclose, or lets it go again (protection D8)."""

    subject: ClassVar[str] = "tocsin.complaints.disclosure_held.v1"
    kind: ClassVar[str] = "disclosure_hold"
    identified_by: ClassVar[str] = "intention_id"

    intention_id: UUID
    integration_id: UUID
    reason: str = Field(pattern=r"^[a-z_]{2,48}$")
    held_until: date | None
    """`None`: the hold is lifted."""
