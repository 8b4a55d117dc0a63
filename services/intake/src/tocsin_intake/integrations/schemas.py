"""What operators send about integrations and their keys, and what they are shown."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    Base64Bytes,
    BaseModel,
    Field,
    StrictBool,
    model_validator,
)

from tocsin_common.text import Line
from tocsin_intake.integrations.hotline import Scope
from tocsin_intake.integrations.notices import Notices
from tocsin_intake.integrations.systems import NEEDED, Adapter, System
from tocsin_intake.models import Integration, IntegrationKey
from tocsin_intake.schemas import IntegrationDefaults, Submitted

NOT_SHOWN = {"id", "disabled_at", "defaults", "sealed_secrets", "sealed_notices", "contact_key"}
Days = Annotated[int, Field(ge=1, le=3650, strict=True)]


def _of_32_bytes(key: bytes) -> bytes:
    if len(key) != 32:
        raise ValueError("is not a key: 32 bytes in base64")
    return key


ContactKey = Annotated[Base64Bytes, AfterValidator(_of_32_bytes)]
Hours = Annotated[int, Field(ge=0, le=24 * 30, strict=True)]
PerMinute = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Scopes = Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]


class NewIntegration(System):
    """A hotline's connection, as an operator registers it."""

    name: Line = Field(examples=["Night line"])
    adapter: Adapter = "native"
    defaults: IntegrationDefaults = IntegrationDefaults()
    requests_per_minute: PerMinute | None = Field(
        default=None,
        description="None: as many as come. What is more is answered 429, and 503 where the "
        "hotline's own system comes again after that; Twilio and RapidPro never do, so they are "
        "not limited.",
    )

    retention_days: Days | None = Field(
        default=None, description="How long complaints are kept; none: as long as any."
    )
    contact_key: ContactKey | None = Field(
        default=None,
        description="The hotline's own X25519 public key in base64: contacts are sealed to it, "
        "and Tocsin cannot open them.",
    )
    notices: Notices | None = Field(
        default=None,
        description="How its workers hear that a message waits; none: the hotline tells them.",
    )

    @property
    def system(self) -> System:
        """How the hotline's own system speaks."""
        return System.model_construct(**{name: getattr(self, name) for name in System.model_fields})


class IntegrationChange(Submitted):
    """What an operator changes; what is left out stays."""

    name: Line | None = None
    defaults: IntegrationDefaults | None = None
    requests_per_minute: PerMinute | None = None
    retention_days: Days | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("says what changes")
        return self


class SystemChange(System):
    """How the hotline's own system speaks from now on."""

    overlap_hours: Hours = Field(
        default=24, description="How long what it was before is taken as well."
    )


class NewKey(Submitted):
    """A key to be made."""

    test: StrictBool = Field(default=False, description="What it hands in never leaves intake.")
    scopes: Scopes = Field(default_factory=lambda: list(Scope))


class Rotation(Submitted):
    """How long the keys of before go on working."""

    overlap_hours: Hours = 24

    @property
    def overlap(self) -> timedelta:
        return timedelta(hours=self.overlap_hours)


class KeyCreated(BaseModel):
    """A key: shown once."""

    key_id: UUID
    key: str = Field(examples=["tcs_live_…"])


class IntegrationCreated(BaseModel):
    """The integration, and its first key: shown once."""

    integration_id: UUID
    key: str


class IntegrationShown(BaseModel):
    """An integration as the operator sees it."""

    integration_id: UUID
    name: str
    adapter: str
    defaults: IntegrationDefaults
    requests_per_minute: int | None
    retention_days: int | None
    contacts_sealed_to_hotline: bool
    created_at: datetime
    last_used_at: datetime | None
    disabled: bool
    version: int

    @classmethod
    def of(cls, one: Integration) -> Self:
        """Show what is stored of it."""
        return cls(
            integration_id=one.id,
            disabled=one.disabled_at is not None,
            defaults=IntegrationDefaults.model_validate(one.defaults),
            contacts_sealed_to_hotline=one.contact_key is not None,
            **one.model_dump(exclude=NOT_SHOWN),
        )


class IntegrationWithSystem(IntegrationShown):
    """The same, and how its own system speaks; its secrets are not shown again."""

    system: dict[str, Any]


class KeyShown(BaseModel):
    """A key as the operator sees it: never the key itself."""

    key_id: UUID
    scopes: list[Scope]
    test: bool
    created_at: datetime
    valid_until: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, one: IntegrationKey) -> Self:
        """Show what is stored of it."""
        return cls.model_validate(one.model_dump(exclude={"key_hash", "integration_id"}))


class IntegrationPage(BaseModel):
    """Some integrations; `next_cursor` is the `after` of the next page."""

    data: list[IntegrationShown]
    next_cursor: UUID | None


def part_missing(adapter: str, system: System) -> bool:
    """Whether the adapter needs a part that was not told."""
    needed = NEEDED.get(adapter)
    return needed is not None and getattr(system, needed) is None
