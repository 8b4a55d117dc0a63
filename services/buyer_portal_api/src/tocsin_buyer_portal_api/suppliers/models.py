"""The read model of the registry."""

from uuid import UUID

from sqlalchemy import Index, Text
from sqlmodel import Field

from tocsin_common.models import Table


class Organisation(Table, table=True):
    """A company."""

    organisation_id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    country: str | None = Field(default=None, sa_type=Text)
    lei: str | None = Field(default=None, sa_type=Text)


class Facility(Table, table=True):
    """A place of production."""

    facility_id: UUID = Field(primary_key=True)
    os_id: str | None = Field(default=None, sa_type=Text)
    name: str = Field(sa_type=Text)
    country: str = Field(sa_type=Text)


class Link(Table, table=True):
    """An organisation's role at a facility; one that ended is kept, so that it stays ended."""

    __table_args__ = (Index(None, "organisation_id", "facility_id"),)

    link_id: UUID = Field(primary_key=True)
    organisation_id: UUID
    facility_id: UUID
    role: str = Field(sa_type=Text)
    ended: bool
