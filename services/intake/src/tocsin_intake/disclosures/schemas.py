"""What a hotline is shown of an intended disclosure, and what it says to it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from tocsin_contracts.alerts import Level
from tocsin_contracts.ids import Country
from tocsin_intake.disclosures.models import Intention
from tocsin_intake.schemas import Submitted


class HoldReason(StrEnum):
    """Why a hotline holds a disclosure."""

    SOURCE_IN_DANGER = "source_in_danger"
    SOURCE_RECOGNISABLE = "source_recognisable"
    CONSENT_IN_DOUBT = "consent_in_doubt"
    FACTS_IN_DOUBT = "facts_in_doubt"
    TALKS_UNDER_WAY = "talks_under_way"
    OTHER = "other"


class Hold(Submitted):
    """The wish to hold a disclosure: for 30 days, renewed by two people."""

    reason: HoldReason


class DisclosureShown(BaseModel):
    """What buyers would be told, and when."""

    disclosure_id: UUID
    told_at: datetime
    slot: datetime = Field(description="When it leaves, unless it is held.")
    level: Level
    organisation_names: list[str]
    country: Country
    issue_group: str
    held_until: date | None
    reason: HoldReason | None
    renewal_asked: bool = Field(
        description="One person asked to hold for longer; a second, with another key, must agree."
    )

    @classmethod
    def of(cls, one: Intention) -> "DisclosureShown":
        return cls.model_validate(
            one.model_dump()
            | {"disclosure_id": one.id, "renewal_asked": one.renewal_by is not None}
        )


class DisclosurePage(BaseModel):
    """Some disclosures; `next_cursor` is the `after` of the next page."""

    data: list[DisclosureShown]
    next_cursor: UUID | None
