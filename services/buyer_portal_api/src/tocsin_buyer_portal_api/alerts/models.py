"""The read model of alerts, and the record of who was shown an unverified one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text
from sqlmodel import Field

from tocsin_common.models import Table


class Alert(Table, table=True):
    """An alert's newest version: what lists are filtered and sorted by."""

    __table_args__ = (Index(None, "slot", "alert_id"),)

    alert_id: UUID = Field(primary_key=True)
    version: int
    state: str = Field(sa_type=Text)
    level: str = Field(sa_type=Text)
    slot: datetime
    country: str = Field(sa_type=Text)
    issue_group: str = Field(sa_type=Text)


class AlertVersion(Table, table=True):
    """What an alert said at one version; it never changes."""

    alert_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    level: str = Field(sa_type=Text)
    statement: str = Field(sa_type=Text)
    """As cases signed it."""


class AlertOrganisation(Table, table=True):
    """An organisation that an alert named at one version."""

    __table_args__ = (Index(None, "alert_id", "version"),)

    organisation_id: UUID = Field(primary_key=True)
    alert_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)


class Delivery(Table, table=True):
    """What became of one alert version on its way to one endpoint of a buyer."""

    __table_args__ = (
        Index(None, "buyer_id", "alert_id", "alert_version"),
        Index(None, "settled_at"),
    )

    delivery_id: UUID = Field(primary_key=True)
    buyer_id: UUID
    endpoint_id: UUID
    alert_id: UUID
    alert_version: int
    succeeded: bool
    settled_at: datetime


class View(Table, table=True):
    """In this hour an unverified alert was shown to a buyer, by this key (protection L6)."""

    __table_args__ = (Index(None, "hour"),)

    buyer_id: UUID = Field(primary_key=True)
    alert_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    key_id: UUID = Field(primary_key=True)
    hour: datetime = Field(primary_key=True)
