"""What an operator tells about notices: how a hotline's workers hear that a message waits."""

import base64
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    StrictBool,
    StringConstraints,
    TypeAdapter,
    model_validator,
)

from tocsin_contracts.ids import Language
from tocsin_intake.integrations.hours import Hours
from tocsin_intake.integrations.neutral import NeutralText
from tocsin_intake.integrations.places import BaseUrl
from tocsin_intake.integrations.systems import SEALING, System, Token, WebhookSecret
from tocsin_intake.schemas import Submitted

TemplateLanguage = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(_[A-Za-z]{2,4})?$")]
Sender = Annotated[
    str, StringConstraints(pattern=r"^((whatsapp:)?\+[0-9]{6,15}|[A-Za-z0-9 ]{3,11})$")
]


def _opens(secret: SecretStr) -> SecretStr:
    base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
    return secret


class Common(Submitted):
    """What every way of telling has."""

    contact_me: StrictBool = Field(
        default=False,
        description="Whether everybody who does not say no agrees to be told: only where the "
        "hotline asks its workers, or says so before they write.",
    )
    hours: Hours | None = Field(
        default=None,
        description="When they may be told, where they live; without them, within a minute.",
    )
    texts: dict[Language, NeutralText] = Field(
        default_factory=dict[str, str],
        max_length=40,
        description="What is sent, by language; in all others, our own words.",
        examples=[{"vi": "Bạn có tin nhắn. Hãy dùng số của bạn để đọc."}],
    )


class ByTelegram(Common):
    """The bot writes into the chat the worker wrote in."""

    through: Literal["telegram"]


class ByWhatsAppCloud(Common):
    """A template that Meta approved, since nothing else is let through after 24 hours."""

    through: Literal["whatsapp_cloud"]
    template: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,512}$")] = Field(
        description="Its name; it has no variables, and says only that a message waits.",
        examples=["message_waiting"],
    )
    languages: tuple[TemplateLanguage, ...] = Field(
        min_length=1,
        max_length=80,
        description="Those it is approved in; the first is for everybody else.",
        examples=[["en_US", "vi", "zh_CN"]],
    )


class ByTwilio(Common):
    """A message from the hotline's own number or messaging service."""

    through: Literal["twilio"]
    sender: Sender | None = Field(default=None, examples=["+15550100"])
    whatsapp_sender: Sender | None = Field(default=None, examples=["whatsapp:+15550100"])
    messaging_service_sid: Annotated[str, StringConstraints(pattern=r"^MG[0-9a-f]{32}$")] | None = (
        Field(default=None, description="Chooses the number itself.")
    )
    api_key_sid: Annotated[str, StringConstraints(pattern=r"^SK[0-9a-f]{32}$")] | None = Field(
        default=None, description="Without one, the account's own token is shown."
    )
    api_key_secret: Token | None = None
    templates: dict[Language, Annotated[str, StringConstraints(pattern=r"^HX[0-9a-f]{32}$")]] = (
        Field(
            default_factory=dict[str, str],
            max_length=40,
            description="Content templates by language, for WhatsApp, which lets nothing else "
            "through after 24 hours.",
        )
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not (self.sender or self.whatsapp_sender or self.messaging_service_sid):
            raise ValueError("needs a sender or a messaging service")
        if bool(self.api_key_sid) != bool(self.api_key_secret):
            raise ValueError("an API key has a SID and a secret")
        return self


class ByRapidPro(Common):
    """A broadcast to the one contact, or a flow that is started for it."""

    through: Literal["rapidpro"]
    flow: UUID | None = Field(
        default=None, description="Started instead, as channels that want templates need."
    )


class ByWebhook(Common):
    """The hotline is told, and tells the worker itself: it learns which complaint and what to say.

    Signed by Standard Webhooks; the contact is not sent.
    """

    through: Literal["webhook"]
    url: BaseUrl = Field(examples=["https://hotline.example.org/notices"])
    secret: Annotated[WebhookSecret, AfterValidator(_opens)]


Notices = Annotated[
    ByTelegram | ByWhatsAppCloud | ByTwilio | ByRapidPro | ByWebhook,
    Field(discriminator="through"),
]
NOTICES: TypeAdapter[Notices] = TypeAdapter(Notices)


def written(notices: Notices) -> bytes:
    """As it is sealed, with its secrets."""
    return NOTICES.dump_json(notices, exclude_none=True, context={SEALING: True})


def possible(notices: Notices, adapter: str, system: System) -> bool:
    """Whether what was told of the hotline's own system is enough for this way."""
    if isinstance(notices, ByWebhook):
        return True
    if notices.through != adapter:
        return False
    match notices:
        case ByTelegram():
            return bool(system.telegram and system.telegram.bot_token)
        case ByWhatsAppCloud():
            ours = system.whatsapp_cloud
            return bool(ours and ours.access_token and ours.phone_number_id)
        case ByTwilio():
            return bool(system.twilio and system.twilio.account_sid)
        case ByRapidPro():
            return bool(system.rapidpro and system.rapidpro.api_token)
