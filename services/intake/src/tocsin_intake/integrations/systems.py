"""What an operator tells about a hotline's own system: its secrets, its address, its form."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, SecretStr, SerializationInfo, StringConstraints

from tocsin_intake.schemas import Submitted

Adapter = Literal["native", "whatsapp_cloud", "twilio", "rapidpro", "kobo", "telegram", "generic"]

SEALING = "sealing"
"""In a serialisation's context: secrets are written out, to be sealed."""


def _shown(value: SecretStr, info: SerializationInfo) -> str:
    context: Mapping[str, Any] = info.context or {}
    return value.get_secret_value() if context.get(SEALING) else "…"


Secret = Annotated[SecretStr, Field(min_length=1, max_length=300), PlainSerializer(_shown)]
"""Never shown again; in memory, and sealed in the database."""
Answer = Annotated[str, StringConstraints(max_length=300, strip_whitespace=True)]
"""What a worker is told, with `{receipt}` where the receipt goes; empty: nothing."""
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,40}$")]
Place = Annotated[str, StringConstraints(min_length=1, max_length=300)]


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


class Telegram(Submitted):
    """What was given to `setWebhook`."""

    secret_token: Annotated[
        SecretStr,
        Field(min_length=16, max_length=256, pattern=r"^[A-Za-z0-9_-]+$"),
        PlainSerializer(_shown),
    ]


class Form(Submitted):
    """Which question of a form fills which field; questions named like fields need no entry."""

    fields: dict[FieldName, Place] = Field(
        default_factory=dict[str, str],
        max_length=40,
        examples=[{"words": "group1/what_happened", "facility_name": "group1/factory"}],
    )


class Generic(Submitted):
    """Any system that posts JSON and signs it by Standard Webhooks."""

    secret: Annotated[
        SecretStr,
        Field(pattern=r"^whsec_[A-Za-z0-9+/=]{32,100}$", max_length=120),
        PlainSerializer(_shown),
    ]
    mapping: dict[FieldName, Place] = Field(
        max_length=40,
        description="For each field, the JMESPath that finds it.",
        examples=[{"words": "report.text", "facility_name": "report.factory"}],
    )
    items: Place | None = Field(
        default=None, description="JMESPath of the list, where one body holds several complaints."
    )
    ignore: Place | None = Field(
        default=None, description="JMESPath that is true of what is no complaint, as a ping."
    )


class System(Submitted):
    """How a hotline's own system speaks: the part that its adapter needs."""

    whatsapp_cloud: WhatsAppCloud | None = None
    twilio: Twilio | None = None
    telegram: Telegram | None = None
    rapidpro: Form | None = None
    kobo: Form | None = None
    generic: Generic | None = None


NEEDED: dict[str, str] = {
    "whatsapp_cloud": "whatsapp_cloud",
    "twilio": "twilio",
    "telegram": "telegram",
    "generic": "generic",
}
"""Adapters that cannot tell a forgery without their part."""
