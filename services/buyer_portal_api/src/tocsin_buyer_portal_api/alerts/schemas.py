"""Alerts as a buyer sees them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from tocsin_contracts.alerts import Alert, AlertState, Level
from tocsin_contracts.ids import Country

_ALERT: JsonDict = {
    "alert_id": "6f0d4a3e-6e0e-4c55-9a53-0d8f0f4f2c11",
    "version": 2,
    "state": "active",
    "level": "buyers_confirmed",
    "slot": "2031-03-04T12:00:00Z",
    "organisations": [
        {
            "organisation_id": "0b0f6a52-3a58-4d0c-8f7e-2f4c1d0a9b7e",
            "name": "Lantern Assembly",
            "roles": ["operator"],
        }
    ],
    "country": "TH",
    "issue_group": "wages",
    "severity": 3,
    "ask": "engage_supplier",
    "supplier_position": "remedying",
    "review_by": "2031-09-01",
    "facility": {
        "facility_id": "b7b1a6d8-4f55-4b0e-8f43-5d1f9d1b6c02",
        "os_id": None,
        "name": "Lantern Assembly, Plant 2",
    },
    "issues": ["wages.unpaid"],
}
_EXAMPLE: JsonDict = {
    **_ALERT,
    "verified": True,
    "delivered": {"endpoints": 1, "failed": 0, "delivered_at": "2031-03-04T12:00:01Z"},
}


class AlertQuestion(BaseModel):
    """Which alerts."""

    state: AlertState | None = None
    level: Literal[Level.BUYERS_UNVERIFIED, Level.BUYERS_CONFIRMED, Level.PUBLIC] | None = None
    country: Country | None = Field(default=None, examples=["TH"])
    issue_group: Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,32}$")] | None = Field(
        default=None, examples=["wages"]
    )
    organisation: UUID | None = Field(default=None, description="One that the alert names.")


class Delivered(BaseModel):
    """What became of an alert's newest version on its way to the buyer's own endpoints."""

    endpoints: int = Field(default=0, description="How many of them took it.")
    failed: int = Field(default=0, description="How many of them did not, after every attempt.")
    delivered_at: datetime | None = Field(default=None, description="When the last took it.")


class AlertShown(Alert):
    """An alert, and whether the buyer's own systems were told."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    verified: bool = Field(description="False: confidential, and nobody has confirmed it yet.")
    delivered: Delivered

    @classmethod
    def of(cls, alert: Alert, delivered: Delivered) -> "AlertShown":
        return cls(
            **dict(alert), verified=alert.level != Level.BUYERS_UNVERIFIED, delivered=delivered
        )


class AlertDetail(AlertShown):
    """An alert with what it said before, as far as this buyer may see it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE, "versions": [_ALERT]}]})

    versions: list[Alert] = Field(description="Newest first, the one above included.")
