"""What is sent: thin, so that what an alert says is read at the portal, under its own rules."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tocsin_common.errors import RuleBroken
from tocsin_contracts.alerts import Alert, AlertState, Level

CONTENT_TYPE = "application/json"
LARGEST = 20_000  # bytes; receivers may refuse more (Standard Webhooks)


class TooLarge(RuleBroken):
    """What is told is thin: who wants to know more reads it at the portal."""


def type_of(alert: Alert) -> str:
    """The event's type, from what cases signed and from nothing else."""
    if alert.state is AlertState.ENDED:
        return "alert.ended"
    if alert.state is AlertState.CORRECTED:
        return "alert.corrected"
    return "alert.raised" if alert.version == 1 else "alert.updated"


def link_to(alert_id: UUID, portal_url: str) -> str:
    """Where a buyer reads what an alert says."""
    return f"{portal_url.rstrip('/')}/v1/alerts/{alert_id}"


def body_of(alert: Alert, portal_url: str) -> bytes:
    """The bytes that are signed and sent, the same on every attempt.

    An unverified alert is told as an id and where to read it (protection L6). No time is finer
    than the alert's slot (protection D3).

    Raises:
        TooLarge: it would not be thin.
    """
    data: dict[str, Any] = {
        "alert_id": str(alert.alert_id),
        "version": alert.version,
        "level": alert.level,
        "link": link_to(alert.alert_id, portal_url),
    }
    if alert.level is not Level.BUYERS_UNVERIFIED:
        data["state"] = alert.state
    body = _body(type_of(alert), alert.slot, data)
    if len(body) > LARGEST:
        raise TooLarge
    return body


def test_body(endpoint_id: UUID, now: datetime) -> bytes:
    """What a test sends: nothing about anybody."""
    return _body("endpoint.test", now, {"endpoint_id": str(endpoint_id), "test": True})


def challenge_body(endpoint_id: UUID, now: datetime, challenge: str) -> bytes:
    """What asks an endpoint whether it wants to be told: it is to answer with the challenge."""
    data = {"endpoint_id": str(endpoint_id), "challenge": challenge}
    return _body("endpoint.verification", now, data)


def _body(kind: str, at: datetime, data: dict[str, Any]) -> bytes:
    timestamp = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    told = {"type": kind, "timestamp": timestamp, "data": data}
    return json.dumps(told, separators=(",", ":")).encode()
