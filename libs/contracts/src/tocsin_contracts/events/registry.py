"""REGISTRY: what cases tells about organisations and facilities. Green: never from a complaint.

A facility or link first known from a complaint is not told here (protection L3).
"""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from tocsin_contracts.events.base import Event
from tocsin_contracts.ids import Country, Lei, OsId


class Role(StrEnum):
    """What an organisation is to a facility."""

    OPERATOR = "operator"
    SUPPLIER = "supplier"
    BRAND = "brand"
    RESELLER = "reseller"


class OrganisationChanged(Event):
    """An organisation as the registry knows it."""

    subject: ClassVar[str] = "tocsin.registry.organisation_changed.v1"
    kind: ClassVar[str] = "organisation"
    identified_by: ClassVar[str] = "organisation_id"

    organisation_id: UUID
    name: str = Field(max_length=300)
    country: Country | None = None
    lei: Lei | None = None


class FacilityChanged(Event):
    """A facility as the registry knows it."""

    subject: ClassVar[str] = "tocsin.registry.facility_changed.v1"
    kind: ClassVar[str] = "facility"
    identified_by: ClassVar[str] = "facility_id"

    facility_id: UUID
    os_id: OsId | None = None
    name: str = Field(max_length=300)
    country: Country


class LinkChanged(Event):
    """An organisation's role at a facility began or ended."""

    subject: ClassVar[str] = "tocsin.registry.link_changed.v1"
    kind: ClassVar[str] = "link"
    identified_by: ClassVar[str] = "link_id"

    link_id: UUID
    facility_id: UUID
    organisation_id: UUID
    role: Role
    ended: bool = False
