"""What an alert says: codes, names and a slot, never testimony."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tocsin_contracts.ids import Country, IssueCode


class Level(StrEnum):
    """How much an audience may know, least first (design section 5)."""

    INTERNAL = "internal"
    BUYERS_UNVERIFIED = "buyers_unverified"
    BUYERS_CONFIRMED = "buyers_confirmed"
    PUBLIC = "public"


class AlertState(StrEnum):
    """Whether the alert stands."""

    ACTIVE = "active"
    CORRECTED = "corrected"
    ENDED = "ended"


class Ask(StrEnum):
    """What a buyer is asked to do (protection D6)."""

    PREPARE = "prepare"
    GENERIC_ENQUIRY = "generic_enquiry"
    ENGAGE_SUPPLIER = "engage_supplier"


class SupplierPosition(StrEnum):
    """What the supplier said (protection D6)."""

    NOT_ASKED = "not_asked"
    NOT_ASKED_FOR_SAFETY = "not_asked_for_safety"
    ASKED = "asked"
    DISPUTES = "disputes"
    ACCEPTS = "accepts"
    SILENT = "silent"
    REMEDYING = "remedying"


class NamedOrganisation(BaseModel):
    """An organisation as an alert names it: alerts never wait for the registry."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    organisation_id: UUID
    name: str
    roles: tuple[str, ...]


class NamedFacility(BaseModel):
    """A facility as a confirmed alert names it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    facility_id: UUID
    os_id: str | None = None
    name: str


class Alert(BaseModel):
    """The buyer-safe statement about organisations and facilities at one version.

    `version` counts visible changes only (protection L2), and no time in it is finer than its
    slot (protection D3). `facility` and `issues` are for confirmed levels.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    alert_id: UUID
    version: int = Field(ge=1)
    state: AlertState
    level: Level
    slot: AwareDatetime
    organisations: tuple[NamedOrganisation, ...]
    country: Country
    issue_group: str
    severity: int = Field(ge=1, le=5)
    ask: Ask
    supplier_position: SupplierPosition
    review_by: date
    facility: NamedFacility | None = None
    issues: tuple[IssueCode, ...] = ()
