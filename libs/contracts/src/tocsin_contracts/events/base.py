"""What every event is."""

from typing import ClassVar
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

PLAIN = ConfigDict(
    frozen=True,
    extra="ignore",  # a newer teller may say more
    hide_input_in_errors=True,
    ser_json_bytes="base64",
    val_json_bytes="base64",
)
"""How everything that travels is read and written."""


class Event(BaseModel):
    """A fact that has happened: identifiers, codes and sealed parts, never words.

    It may be heard twice and out of order. It carries the full state of its aggregate at
    `version`, so hearing it is "keep it if it is newer".
    """

    model_config = PLAIN

    subject: ClassVar[str]
    """`tocsin.<stream>.<fact>.v<major>`"""
    kind: ClassVar[str]
    """What `aggregate` counts the versions of."""
    identified_by: ClassVar[str]
    """The field that holds the aggregate's id."""

    event_id: UUID = Field(default_factory=uuid4)
    version: int = Field(default=1, ge=1)
    occurred_at: AwareDatetime
    """When; for alerts the slot and for the registry the day, never finer (protection D3)."""

    @property
    def aggregate(self) -> UUID:
        """The id of what this event is about."""
        return getattr(self, self.identified_by)
