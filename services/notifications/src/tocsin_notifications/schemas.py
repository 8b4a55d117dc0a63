"""What buyers send and are shown."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)

from tocsin_common.text import Line, Moment
from tocsin_notifications.models import (
    AlertVersion,
    Attempt,
    Delivery,
    DeliveryState,
    Endpoint,
    Kind,
    Purpose,
)


def _reachable(value: str) -> str:
    """Refuse what could never be posted to, or would keep a password in our log."""
    parts = urlsplit(value)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("not a web address")
    if parts.username or parts.password or parts.fragment or not value.isascii():
        raise ValueError("has a user, a password, a fragment or letters that need encoding")
    if parts.port == 0:
        raise ValueError("has no such port")
    return value


Url = Annotated[
    str,
    StringConstraints(min_length=8, max_length=2000, pattern=r"^[!-~]+$"),
    AfterValidator(_reachable),
]
IssueGroup = Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,32}$")]


Rate = Annotated[
    int,
    Field(
        ge=1,
        le=60_000,
        description="The most attempts in a minute; null: as many as come.",
        examples=[600],
    ),
]
LATEST_ONLY = "An older version of an alert is not sent once there is a newer one."


class Sent(BaseModel):
    """What a buyer sends; a misspelt field is an error and not a wish unheard."""

    model_config = ConfigDict(extra="forbid")


class NewEndpoint(Sent):
    """Where webhooks are to be sent."""

    url: Url = Field(examples=["https://procurement.city.example/tocsin"])
    description: Line | None = Field(default=None, examples=["Procurement system"])
    rate_per_minute: Rate | None = None
    latest_only: StrictBool = Field(default=False, description=LATEST_ONLY)


class EndpointChange(Sent):
    """What to change about an endpoint; what is left out stays as it is."""

    url: Url | None = Field(default=None, examples=["https://procurement.city.example/tocsin"])
    description: Line | None = Field(default=None, examples=["Procurement system"])
    rate_per_minute: Rate | None = None
    latest_only: StrictBool | None = Field(default=None, description=LATEST_ONLY)


class EndpointShown(BaseModel):
    """An endpoint. Its secret is shown when it is created, and never again."""

    endpoint_id: UUID
    kind: Kind
    url: str | None = Field(
        description="Of a webhook.", examples=["https://procurement.city.example/tocsin"]
    )
    email: str | None = Field(
        description="Of a mail address.", examples=["procurement@city.example"]
    )
    description: str = Field(examples=["Procurement system"])
    rate_per_minute: int | None = Field(
        description="The most attempts in a minute; null: as many as come.", examples=[600]
    )
    latest_only: bool = Field(description=LATEST_ONLY)
    created_at: datetime
    verified_at: datetime | None = Field(
        description="When whoever is there last showed that it wants this; null: never asked."
    )
    paused_at: datetime | None = Field(
        description="Since when only corrections and tests are sent; the rest waits."
    )
    quiet_until: datetime | None = Field(
        description="Nothing is sent before then: it asked for that, or has been failing."
    )
    previous_until: datetime | None = Field(
        description="Until when the secret before the newest one signs as well."
    )
    failing_since: datetime | None = Field(
        description="Since when every attempt has failed; null: the newest one succeeded."
    )
    disabled_at: datetime | None = Field(
        description="Since when nothing is sent. What is to be sent waits until it is enabled."
    )
    disabled_reason: str | None = Field(examples=["gone"])

    @classmethod
    def of(cls, endpoint: Endpoint) -> "EndpointShown":
        return cls(
            endpoint_id=endpoint.id,
            url=endpoint.address if endpoint.kind == Kind.WEBHOOK else None,
            email=endpoint.address if endpoint.kind == Kind.EMAIL else None,
            **endpoint.model_dump(include=set(cls.model_fields)),
        )


class EndpointCreated(EndpointShown):
    """A new endpoint and its secret, shown this once."""

    secret: str = Field(
        description=(
            "Verifies the signature of every delivery (Standard Webhooks, `v1`). `v1a` signatures"
            " verify under the keys at `/.well-known/webhook-keys.json`."
        ),
        examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
    )


class EndpointHealth(BaseModel):
    """How an endpoint has done in the last seven days, by its newest attempts."""

    since: datetime
    attempts: int = Field(description="At most the newest 10,000 are counted.", examples=[120])
    failed: int = Field(examples=[3])
    failure_rate: float | None = Field(description="Null: no attempts.", examples=[0.025])
    last_success_at: datetime | None = Field(description="Null: none since then.")
    milliseconds_p50: int | None = Field(
        description="Of attempts that were answered.", examples=[41]
    )
    milliseconds_p95: int | None = Field(examples=[180])
    milliseconds_p99: int | None = Field(examples=[420])
    waiting: int = Field(description="Deliveries that wait, up to 10,000.", examples=[0])


class Recovery(Sent):
    """What to send again."""

    since: Moment = Field(
        description="What was planned at or after this time.", examples=["2026-03-03T00:00:00Z"]
    )
    delivered_too: StrictBool = Field(
        default=False,
        description=(
            "Also what was delivered, as after a loss of data. Of each alert the newest version."
        ),
    )


class Recovered(BaseModel):
    """How much is sent again."""

    sent_again: int = Field(examples=[12])
    more: bool = Field(description="There is more: ask again.")


class WebhookKey(BaseModel):
    """A public key of this installation."""

    key_id: str = Field(examples=["9f2c4d6e8a0b1c3d"])
    algorithm: str = Field(examples=["ed25519"])
    public_key: str = Field(
        description="As Standard Webhooks writes it; verifies `v1a` signatures.",
        examples=["whpk_vHDMNYnhn8mnVUKwdYk1zV6zOHXMtYWwmsYYxk4m6GI="],
    )


class WebhookKeys(BaseModel):
    """The keys any of which may have signed a webhook, newest first."""

    keys: list[WebhookKey]


class EndpointList(BaseModel):
    """All endpoints of a buyer, newest first."""

    data: list[EndpointShown]


class DeliveryShown(BaseModel):
    """One alert version on its way to one endpoint."""

    delivery_id: UUID = Field(description="The `webhook-id` of every attempt.")
    endpoint_id: UUID
    purpose: Purpose
    alert_id: UUID | None = Field(description="Null: it carries no alert.")
    alert_version: int | None = Field(examples=[1])
    type: str = Field(examples=["alert.raised"])
    state: DeliveryState
    attempts: int = Field(description="Attempts made so far.", examples=[1])
    planned_at: datetime
    next_attempt_at: datetime | None = Field(
        description="Not before then; null: it does not wait to be sent."
    )
    settled_at: datetime | None
    digest_id: UUID | None = Field(
        default=None, description="The delivery of the digest that it went into."
    )

    @classmethod
    def of(cls, delivery: Delivery, alert: AlertVersion | None) -> "DeliveryShown":
        waits = delivery.state == DeliveryState.WAITING
        return cls(
            delivery_id=delivery.id,
            type=alert.type if alert else f"endpoint.{delivery.purpose}",
            next_attempt_at=delivery.due_at if waits else None,
            **delivery.model_dump(include=set(cls.model_fields)),
        )


class AttemptShown(BaseModel):
    """One POST, and what came of it."""

    number: int = Field(examples=[1])
    started_at: datetime
    milliseconds: int = Field(examples=[41])
    status: int | None = Field(description="The answer's status; null: no answer.", examples=[200])
    fault: str | None = Field(description="Why it failed; null: it did not.", examples=["timeout"])
    excerpt: str | None = Field(description="The beginning of the answer.", examples=["ok"])

    @classmethod
    def of(cls, attempt: Attempt) -> "AttemptShown":
        return cls.model_validate(attempt, from_attributes=True)


class DeliveryDetail(DeliveryShown):
    """A delivery with its attempts and exactly what is sent."""

    body: str = Field(description="The bytes that are sent on every attempt, as text.")
    tried: list[AttemptShown] = Field(description="Its newest attempts, newest first.")
