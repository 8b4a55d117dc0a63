"""What is sent: thin, so that what an alert says is read at the portal, under its own rules."""

import json
from datetime import UTC
from typing import Any

from tocsin_contracts.alerts import Alert, AlertState, Level

CONTENT_TYPE = "application/json"


def type_of(alert: Alert) -> str:
    """The event's type, from what cases signed and from nothing else."""
    if alert.state is AlertState.ENDED:
        return "alert.ended"
    if alert.state is AlertState.CORRECTED:
        return "alert.corrected"
    return "alert.raised" if alert.version == 1 else "alert.updated"


def body_of(alert: Alert, portal_url: str) -> bytes:
    """The bytes that are signed and sent, the same on every attempt.

    An unverified alert is told as an id and where to read it (protection L6). No time is finer
    than the alert's slot (protection D3).
    """
    data: dict[str, Any] = {
        "alert_id": str(alert.alert_id),
        "version": alert.version,
        "level": alert.level,
        "link": f"{portal_url.rstrip('/')}/v1/alerts/{alert.alert_id}",
    }
    if alert.level is not Level.BUYERS_UNVERIFIED:
        data["state"] = alert.state
    slot = alert.slot.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    told = {"type": type_of(alert), "timestamp": slot, "data": data}
    return json.dumps(told, separators=(",", ":")).encode()
