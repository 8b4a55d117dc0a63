"""What an operator tells about a hotline's own system: its secrets, its address, its form."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    SecretStr,
    SerializationInfo,
    StringConstraints,
)

from tocsin_intake.mapping import expressions
from tocsin_intake.mapping.fields import FIELDS
from tocsin_intake.schemas import Submitted

Adapter = Literal["native", "whatsapp_cloud", "twilio", "rapidpro", "kobo", "telegram", "generic"]

SEALING = "sealing"
"""In a serialisation's context: secrets are written out, to be sealed."""


def _shown(value: SecretStr, info: SerializationInfo) -> str:
    context: Mapping[str, Any] = info.context or {}
    return value.get_secret_value() if context.get(SEALING) else "…"


def _like(pattern: str) -> Callable[[SecretStr], SecretStr]:
    def check(secret: SecretStr) -> SecretStr:
        if not re.fullmatch(pattern, secret.get_secret_value()):
            raise ValueError(f"is not like {pattern}")
        return secret

    return check


def _known_field(value: str) -> str:
    if value not in FIELDS:
        raise ValueError("is not a field of a complaint")
    return value


Secret = Annotated[SecretStr, Field(min_length=1, max_length=300), PlainSerializer(_shown)]
"""Never shown again; in memory, and sealed in the database."""
Answer = Annotated[str, StringConstraints(max_length=300, strip_whitespace=True)]
"""What a worker is told, with `{receipt}` where the receipt goes; empty: nothing."""
FieldName = Annotated[str, AfterValidator(_known_field)]
"""A flat field of a complaint."""
Place = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Expression = Annotated[Place, AfterValidator(expressions.check)]
"""JMESPath, no larger than a mapping needs."""


class WhatsAppCloud(Submitted):
    """From the app's page at Meta: its secret, and the token that was typed there."""

    app_secret: Secret
    verify_token: Secret


class Twilio(Submitted):
    """From Twilio's console, and where Twilio finds us."""

    auth_token: Secret
    public_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#]{1,250}$")] = Field(
        description="What stands before `/v1/…` in the address given to Twilio.",
        examples=["https://intake.example.org"],
    )
    answer: Answer = Field(
        default="{receipt}", description="Sent or spoken back; neutral words only."
    )
    greeting: Answer = Field(
        default="",
        description="Spoken when a call comes in, before it is recorded; empty: not recorded.",
    )
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")] | None = Field(
        default=None, description="Of what is spoken.", examples=["vi-VN"]
    )


class Telegram(Submitted):
    """What was given to `setWebhook`."""

    secret_token: Annotated[Secret, AfterValidator(_like(r"[A-Za-z0-9_-]{16,256}"))]
    answer: Answer = Field(default="", description="Sent back into the chat.")


class Form(Submitted):
    """Which question of a form fills which field; questions named like fields need no entry."""

    fields: dict[FieldName, Place] = Field(
        default_factory=dict[str, str],
        max_length=40,
        examples=[{"words": "group1/what_happened", "facility_name": "group1/factory"}],
    )


class Flow(Form):
    """A form whose flow tells the worker what we answer."""

    answer: Answer = Field(default="{receipt}", description="Neutral words only.")


class Generic(Submitted):
    """Any system that posts JSON and signs it by Standard Webhooks."""

    secret: Annotated[Secret, AfterValidator(_like(r"whsec_[A-Za-z0-9+/]{32,100}={0,2}"))]
    mapping: dict[FieldName, Expression] = Field(
        min_length=1,
        max_length=40,
        description="For each field, the JMESPath that finds it.",
        examples=[{"words": "report.text", "facility_name": "report.factory"}],
    )
    items: Expression | None = Field(
        default=None, description="JMESPath of the list, where one body holds several complaints."
    )
    ignore: Expression | None = Field(
        default=None, description="JMESPath that is true of what is no complaint, as a ping."
    )


class System(Submitted):
    """How a hotline's own system speaks: the part that its adapter needs."""

    whatsapp_cloud: WhatsAppCloud | None = None
    twilio: Twilio | None = None
    telegram: Telegram | None = None
    rapidpro: Flow | None = None
    kobo: Form | None = None
    generic: Generic | None = None


NEEDED: dict[str, str] = {
    "whatsapp_cloud": "whatsapp_cloud",
    "twilio": "twilio",
    "telegram": "telegram",
    "generic": "generic",
}
"""Adapters that cannot tell a forgery without their part."""
