"""DELIVERIES: what notifications tells about its deliveries. Green: heard by the portal."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from tocsin_contracts.events.base import Event


class DeliverySettled(Event):
    """One alert version on its way to one endpoint has come to an end, for now."""

    kind: ClassVar[str] = "delivery"
    identified_by: ClassVar[str] = "delivery_id"

    delivery_id: UUID
    buyer_id: UUID
    endpoint_id: UUID
    alert_id: UUID
    alert_version: int = Field(ge=1)
    attempts: int = Field(ge=1)


class DeliverySucceeded(DeliverySettled):
    """The endpoint took it."""

    subject: ClassVar[str] = "tocsin.deliveries.succeeded.v1"


class DeliveryFailed(DeliverySettled):
    """Every attempt failed; it waits for a person to send it again."""

    subject: ClassVar[str] = "tocsin.deliveries.failed.v1"


class EndpointDisabled(Event):
    """An endpoint is no longer sent to, until a person enables it.

    No service needs it: its buyer hears by mail and sees it at its endpoints. It is told so that
    the stream says why deliveries ended, to whoever watches an installation.
    """

    subject: ClassVar[str] = "tocsin.deliveries.endpoint_disabled.v1"
    kind: ClassVar[str] = "endpoint"
    identified_by: ClassVar[str] = "endpoint_id"

    endpoint_id: UUID
    buyer_id: UUID
    reason: str = Field(pattern=r"^[a-z_]{2,48}$")
