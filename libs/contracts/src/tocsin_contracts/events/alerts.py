"""ALERTS: what cases releases to buyers. Green: heard by notifications and the portal."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from tocsin_contracts.events.base import Event


class AlertTold(Event):
    """An alert at one version, signed by cases (protection L5).

    `statement` is an `Alert` as JSON, byte for byte as it was signed, so that a reader of an
    older version can still verify it.
    """

    kind: ClassVar[str] = "alert"
    identified_by: ClassVar[str] = "alert_id"

    alert_id: UUID
    statement: str = Field(max_length=64_000)
    signature: bytes
    """Ed25519 (RFC 8032) over the UTF-8 bytes of `statement`."""
    key_id: str = Field(max_length=64)


class AlertRaised(AlertTold):
    """An alert stands that did not before."""

    subject: ClassVar[str] = "tocsin.alerts.raised.v1"


class AlertUpdated(AlertTold):
    """An alert says something else now."""

    subject: ClassVar[str] = "tocsin.alerts.updated.v1"


class AlertCorrected(AlertTold):
    """What an alert said was wrong; whoever was told must hear this."""

    subject: ClassVar[str] = "tocsin.alerts.corrected.v1"


class AlertEnded(AlertTold):
    """An alert stands no longer."""

    subject: ClassVar[str] = "tocsin.alerts.ended.v1"
