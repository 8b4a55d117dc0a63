"""What officers, operators and hotlines send about the vault, and what they get back."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool, StrictInt

from tocsin_contracts.vault import Reason
from tocsin_intake.schemas import Submitted


class NewVaultOfficer(Submitted):
    """An officer, under the id that cases gave."""

    officer_id: UUID


class VaultOfficerCreated(BaseModel):
    """The officer's key at intake: shown once, and meant for the officer alone."""

    officer_id: UUID
    key: str = Field(examples=["tcs_vault_3f9c…"])


class TokenWanted(Submitted):
    """What an officer means to open, and why."""

    complaint_id: UUID
    reason: Reason
    as_second: StrictBool = Field(
        default=False, description="To agree that another officer opens it, beyond the day's 30."
    )


class TokenIssued(BaseModel):
    """To be handed to cases with the wish to open; good once, for five minutes."""

    token: str = Field(examples=["tvt_…"])
    valid_until: datetime


class RotationStep(Submitted):
    """Where to go on."""

    after: UUID = UUID(int=0)


class RotationProgress(BaseModel):
    """How far the rotation is: done when nothing was rewrapped and nothing is left."""

    rewrapped: int
    left: int
    after: UUID = Field(description="Send it with the next step.")


class OpeningShown(BaseModel):
    """Somebody opened a complaint's words.

    It has no number: that would count what was opened of other hotlines.
    """

    opened_at: datetime
    complaint_id: UUID
    officer_id: UUID
    second_officer_id: UUID | None
    reason: Reason
    attachment_id: UUID | None = Field(
        default=None, description="The photo or recording that was opened; null: the words."
    )


class RememberedEnd(Submitted):
    """Where the access log ended when it was last looked at."""

    seq: StrictInt = Field(default=0, ge=0)
    hash: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")


class AccessLogVerified(BaseModel):
    """Whether every row is as it was written."""

    intact: bool
    seq: int = Field(description="Where the log ends, or the first row that is wrong.")
    hash: str
