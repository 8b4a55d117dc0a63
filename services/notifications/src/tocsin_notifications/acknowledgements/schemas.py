"""What buyers send and are shown about acknowledgements."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from tocsin_notifications.acknowledgements.models import Acknowledgement
from tocsin_notifications.schemas import Sent


class Seen(Sent):
    """Which version somebody has read."""

    version: int = Field(ge=1, le=2_147_483_647, examples=[2])


class AcknowledgementShown(BaseModel):
    """The newest change of an alert that was told, and whether it was acknowledged."""

    alert_id: UUID
    version: int = Field(description="Of the alert.", examples=[2])
    type: str = Field(examples=["alert.corrected"])
    asked_at: datetime = Field(description="When the change was told.")
    acknowledged_at: datetime | None = Field(description="Null: it has not been acknowledged.")

    @classmethod
    def of(cls, found: Acknowledgement) -> Self:
        return cls.model_validate(found, from_attributes=True)


class Unacknowledged(AcknowledgementShown):
    """A change that a buyer has not acknowledged, as the operator sees it."""

    buyer_id: UUID
    buyer: str = Field(description="Its name.", examples=["City of Example"])
