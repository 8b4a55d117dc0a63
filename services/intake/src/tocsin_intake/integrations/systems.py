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

from tocsin_intake.integrations.places import BaseUrl, MediaHosts
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


Secret = Annotated[SecretStr, Field(min_length=1, max_length=1000), PlainSerializer(_shown)]
"""Never shown again; in memory, and sealed in the database."""
Token = Annotated[Secret, AfterValidator(_like(r"[!-~]{1,1000}"))]
"""What intake shows at a hotline's own system, to fetch what was sent along and to answer."""
WebhookSecret = Annotated[Secret, AfterValidator(_like(r"whsec_[A-Za-z0-9+/]{32,100}={0,2}"))]
"""As Standard Webhooks writes one."""
Answer = Annotated[str, StringConstraints(max_length=300), AfterValidator(str.strip)]
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
    access_token: Token | None = Field(
        default=None, description="Of a system user; without one no photo or recording is fetched."
    )
    phone_number_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,30}$")] | None = None
    base_url: BaseUrl = "https://graph.facebook.com/v25.0"
    media_hosts: MediaHosts = ("https://lookaside.fbsbx.com",)


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
    account_sid: Annotated[str, StringConstraints(pattern=r"^AC[0-9a-f]{32}$")] | None = Field(
        default=None, description="Without it no photo or recording is fetched."
    )
    base_url: BaseUrl = "https://api.twilio.com"
    media_hosts: MediaHosts = ("https://media.twiliocdn.com", "https://mms.twiliocdn.com")


class Telegram(Submitted):
    """What was given to `setWebhook`."""

    secret_token: Annotated[Secret, AfterValidator(_like(r"[A-Za-z0-9_-]{16,256}"))]
    answer: Answer = Field(default="", description="Sent back into the chat.")
    bot_token: (
        Annotated[Token, AfterValidator(_like(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,100}"))] | None
    ) = Field(default=None, description="Without it no photo or recording is fetched.")
    base_url: BaseUrl = "https://api.telegram.org"


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
    api_token: Token | None = None
    base_url: BaseUrl = "https://textit.com"
    media_hosts: MediaHosts = ()


class Survey(Form):
    """A form on a KoboToolbox server."""

    api_token: Token | None = Field(
        default=None, description="Without it no photo or recording is fetched, and nothing read."
    )
    asset: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{8,40}$")] | None = Field(
        default=None,
        description="The form's uid, as in its address: intake reads from there what the REST "
        "service did not post, and edits.",
        examples=["aSilverHeron2031NightLine"],
    )
    only: tuple[Place, ...] | None = Field(
        default=None,
        max_length=200,
        description="The questions and groups that are taken; none: all. Name them where the REST "
        "service leaves some out, since what is read comes whole.",
        examples=[["group1/what_happened", "group1/factory"]],
    )
    server_url: BaseUrl = "https://kf.kobotoolbox.org"
    media_hosts: MediaHosts = ()


class Generic(Submitted):
    """Any system that posts JSON and signs it by Standard Webhooks."""

    secret: WebhookSecret
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
    media: Expression | None = Field(
        default=None, description="JMESPath of addresses of photos and recordings."
    )
    media_hosts: MediaHosts = ()


class System(Submitted):
    """How a hotline's own system speaks: the part that its adapter needs."""

    whatsapp_cloud: WhatsAppCloud | None = None
    twilio: Twilio | None = None
    telegram: Telegram | None = None
    rapidpro: Flow | None = None
    kobo: Survey | None = None
    generic: Generic | None = None


NEEDED: dict[str, str] = {
    "whatsapp_cloud": "whatsapp_cloud",
    "twilio": "twilio",
    "telegram": "telegram",
    "generic": "generic",
}
"""Adapters that cannot tell a forgery without their part."""
