"""What hotlines and operators send to intake, and what they get back."""

from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from tocsin_common.text import Day, Line, Words
from tocsin_contracts.events.complaints import (
    Consent,
    Headcount,
    Relation,
    Retaliation,
    SupplierContact,
)
from tocsin_contracts.ids import Country, IssueCode, Language, OsId

MOST_ATTACHMENTS = 10  # of one complaint


class Submitted(BaseModel):
    """Sent by a hotline: unknown fields are refused, so that a misspelt one is not lost."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _bucketed(value: Any) -> Any:
    exact = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return Headcount.of(value) if exact else value


People = Annotated[
    Headcount,
    BeforeValidator(_bucketed, json_schema_input_type=Headcount | Annotated[int, Field(ge=1)]),
]
"""How many people: a bucket, or a number of which only the bucket is kept (protection D5)."""


class Nature(StrEnum):
    """What a call to a hotline is."""

    SUBSTANTIVE = "substantive"
    """It reports working conditions: it is stored and becomes part of a case."""
    INFORMATIONAL = "informational"
    """It asks or tests: it is counted, and nothing of it is kept."""


class ReportedFacility(Submitted):
    """Where it happens, by Open Supply Hub id or in the worker's own words."""

    os_id: OsId | None = Field(default=None, examples=["BD2021113R7R87P"])
    name: Line | None = Field(default=None, examples=["Silver Heron Assembly"])
    address: Line | None = None
    country: Country | None = Field(default=None, examples=["BD"])

    @property
    def is_named(self) -> bool:
        """Whether it says which one."""
        return bool(self.os_id or self.name or self.address)


class Source(Submitted):
    """A handle that tells one source from another; it is stored only as a keyed hash."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,32}$")] = Field(examples=["phone"])
    handle: Line


class Media(Submitted):
    """Something sent along that lies in the hotline's own system.

    Where it lies is kept sealed, and it is fetched afterwards, never while a request waits.
    """

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,32}$")] = Field(examples=["image"])
    reference: Annotated[str, StringConstraints(min_length=1, max_length=2000)] = Field(
        description="Its id or address there."
    )
    content_type: Line | None = Field(default=None, examples=["image/jpeg"])
    digest: Line | None = Field(default=None, description="What that system says its hash is.")


class ConsentGiven(Submitted):
    """What the source agreed to. What was not asked is not agreed."""

    share: Consent = Consent.NOT_ASKED
    contact_me: StrictBool = False
    contact_supplier: SupplierContact = SupplierContact.NEVER


class Attestation(Submitted):
    """What the hotline has checked itself."""

    genuine: StrictBool = False
    reference: Line | None = Field(
        default=None, description="Stands for one source where there is no handle."
    )
    members: People = Field(
        default=Headcount.NOT_STATED, description="How many a representative speaks for."
    )


class ComplaintSubmission(Submitted):
    """A complaint as a hotline hands it in."""

    nature: Nature = Field(
        default=Nature.SUBSTANTIVE,
        description="An informational call is counted; nothing it says is kept.",
    )
    external_ref: Line | None = Field(
        default=None, description="The hotline's own number: the same one is one complaint."
    )
    words: Words = Field(default_factory=str, examples=["We have not been paid since March."])
    facility: ReportedFacility = ReportedFacility()
    issues: tuple[IssueCode, ...] = Field(default=(), max_length=10, examples=[["wages.unpaid"]])
    happened_on: Day | None = Field(default=None, description="The day, or the first of them.")
    happened_until: Day | None = Field(default=None, description="The last day of several.")
    workers_affected: People = Field(default=Headcount.NOT_STATED, examples=["10-99"])
    immediate_danger: StrictBool = False
    retaliation: Retaliation = Retaliation.NONE
    relation: Relation = Relation.WORKER
    source: Source | None = None
    media: tuple[Media, ...] = Field(default=(), max_length=30)
    contact: Line | None = Field(
        default=None, description="Kept, sealed, only with consent to be contacted."
    )
    consent: ConsentGiven = ConsentGiven()
    attestation: Attestation = Attestation()
    language: Language | None = None
    channel: Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,32}$")] | None = Field(
        default=None, examples=["phone"]
    )

    attachments: tuple[UUID, ...] = Field(
        default=(),
        max_length=MOST_ATTACHMENTS,
        description="Photos and voice notes that were uploaded before.",
        json_schema_extra={"uniqueItems": True},
    )

    _reply_to: str | None = None

    @property
    def reply_to(self) -> str | None:
        """Where it was written from, as the hotline's own system calls it; no sender can say it."""
        return self._reply_to

    def written_from(self, address: str | None) -> Self:
        """The same, by an adapter that knows where its sender can be answered."""
        copy = self.model_copy()
        copy._reply_to = address
        return copy

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.nature is Nature.SUBSTANTIVE and not (self.words or self.attachments):
            raise ValueError("a complaint has words or attachments")
        if self.nature is Nature.INFORMATIONAL and self.attachments:
            raise ValueError("of an informational call nothing is kept, so it has no attachments")
        if len(set(self.attachments)) < len(self.attachments):
            raise ValueError("each attachment is named once")
        if self.happened_until and not (
            self.happened_on and self.happened_on <= self.happened_until
        ):
            raise ValueError("happened_until comes with a happened_on that is not later")
        return self


class AcceptanceStatus(StrEnum):
    """Whether this request brought the complaint."""

    RECEIVED = "received"
    ALREADY_RECEIVED = "already_received"
    COUNTED = "counted"
    """An informational call: there is nothing to come back to."""


class ComplaintReceipt(BaseModel):
    """The complaint is stored. `receipt` is the worker's way back; it is shown only now."""

    complaint_id: UUID
    status: AcceptanceStatus
    receipt: str | None = Field(default=None, examples=["0412 8801 7265 3394"])


class IntegrationDefaults(Submitted):
    """What a complaint says when its hotline does not."""

    channel: Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,32}$")] = "api"
    language: Language | None = None
    country: Country | None = None
    facility: ReportedFacility = ReportedFacility()

    def complete(self, said: ComplaintSubmission) -> ComplaintSubmission:
        """Fill in the facility, where the complaint names none."""
        if said.facility.is_named or not self.facility.is_named:
            return said
        country = said.facility.country or self.facility.country
        facility = self.facility.model_copy(update={"country": country})
        return said.model_copy(update={"facility": facility})
