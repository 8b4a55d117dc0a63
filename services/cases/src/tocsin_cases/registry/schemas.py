"""What operators and officers are told about the registry, and what operators send."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tocsin_cases.registry import names
from tocsin_common.text import Line
from tocsin_contracts.events.registry import Role
from tocsin_contracts.ids import Country, Lei, OsId

MOST_ROWS = 10_000


def _has_a_name(value: str) -> str:
    if not names.plain(value):
        raise ValueError("has neither a letter nor a figure")
    return names.tidy(value)


Name = Annotated[Line, AfterValidator(_has_a_name)]
"""A name as it is shown: on one line, with at least one letter or figure."""


class Submitted(BaseModel):
    """Sent by an operator: unknown fields are refused, so that a misspelt one is not lost."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ListedOrganisation(Submitted):
    """An organisation, and what it is to the facility of its row."""

    name: Name = Field(examples=["Silver Heron Electronics"])
    role: Role
    lei: Lei | None = None
    country: Country | None = None


class ListedFacility(Submitted):
    """A row of a supplier list."""

    name: Name = Field(examples=["Silver Heron Assembly"])
    country: Country = Field(examples=["VN"])
    os_id: OsId | None = None
    address: Line | None = None
    organisations: tuple[ListedOrganisation, ...] = Field(default=(), max_length=50)


class SupplierList(Submitted):
    """Facilities, and the organisations behind them."""

    facilities: tuple[ListedFacility, ...] = Field(min_length=1, max_length=MOST_ROWS)


class Tally(BaseModel):
    """How many an import brought, and how many it changed."""

    new: int = 0
    changed: int = 0


class SupplierListImported(BaseModel):
    """What an import changed; importing the same list again changes nothing."""

    organisations: Tally
    facilities: Tally
    links: Tally


class OrganisationShown(BaseModel):
    """An organisation as the registry knows it."""

    organisation_id: UUID
    version: int
    name: str
    country: Country | None
    lei: Lei | None


class LinkShown(BaseModel):
    """An organisation's role at a facility."""

    organisation_id: UUID
    name: str
    role: Role


class FacilityShown(BaseModel):
    """A facility as the registry knows it."""

    facility_id: UUID
    version: int
    os_id: OsId | None
    name: str
    country: Country
    address: str | None
    organisations: list[LinkShown]
