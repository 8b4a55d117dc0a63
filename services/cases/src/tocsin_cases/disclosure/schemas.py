"""What officers and operators are shown of disclosure."""

from datetime import date, datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from tocsin_contracts.alerts import Alert


class AlertShown(BaseModel):
    """An alert as buyers see it, and the case it comes from."""

    alert_id: UUID
    case_id: UUID
    end_asked: bool = Field(description="It is to end, and leaves so in the next slot.")
    statement: Alert


class AlertEnding(BaseModel):
    """An alert on its way to its end."""

    alert_id: UUID
    leaves_at: AwareDatetime = Field(description="The slot in which buyers are told.")


class IntentionShown(BaseModel):
    """What a hotline was told cases means to disclose, and whether it holds it."""

    intention_id: UUID
    case_id: UUID
    integration_id: UUID
    planned_for: datetime
    told_at: datetime
    held_until: date | None
    reason: str | None


class ComplaintsCounted(BaseModel):
    """Complaints that were heard and filed, by whether their facility is known."""

    matched: int = 0
    proposed: int = 0
    unmatched: int = 0
    total: int = 0


class AlertsCounted(BaseModel):
    """Alerts that were raised, and how many versions of them were told."""

    raised: int
    active: int
    versions: int


class Ledger(BaseModel):
    """What this service has taken in and let out, counted."""

    complaints: ComplaintsCounted
    cases: int
    alerts: AlertsCounted
    planned: int = Field(description="Releases that wait for their slot.")
    held: int = Field(description="Those of them that a hotline holds.")
