"""What a hotline is shown of messages that wait for its workers."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from tocsin_intake.notices.outcomes import Reason, State
from tocsin_intake.schemas import Submitted


class WaitingReply(BaseModel):
    """A message waits for the worker of a complaint, who agreed to be contacted."""

    complaint_id: UUID
    since: datetime
    language: str
    text: str = Field(description="What the worker may be told: nothing but that.")
    state: State
    reason: Reason | None = Field(description="Why no notice told the worker.")


class WaitingReplies(BaseModel):
    """The replies that wait, oldest first."""

    data: list[WaitingReply]


class TheyWereTold(Submitted):
    """The workers of these complaints have been told that a message waits."""

    complaint_ids: list[UUID] = Field(min_length=1, max_length=200)
