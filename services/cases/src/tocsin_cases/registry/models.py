"""What is stored about organisations and facilities. Nothing here comes from a complaint."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlmodel import Field

from tocsin_common.models import Table


class Organisation(Table, table=True):
    """A company. Its id is green, and `version` counts visible changes."""

    __table_args__ = (
        Index("uq_organisation_lei", "lei", unique=True),
        Index(None, "plain_name", "country"),
    )

    id: UUID = Field(primary_key=True)
    version: int = 1
    name: str = Field(sa_type=Text)
    plain_name: str = Field(sa_type=Text)
    country: str | None = Field(default=None, sa_type=Text)
    lei: str | None = Field(default=None, sa_type=Text)


class Facility(Table, table=True):
    """A place of production. Its id is green, and `version` counts visible changes."""

    __table_args__ = (
        Index("uq_facility_os_id", "os_id", unique=True),
        Index(None, "country", "plain_name"),
    )

    id: UUID = Field(primary_key=True)
    version: int = 1
    os_id: str | None = Field(default=None, sa_type=Text)
    name: str = Field(sa_type=Text)
    plain_name: str = Field(sa_type=Text)
    country: str = Field(sa_type=Text)
    address: str | None = Field(default=None, sa_type=Text)
    revision: int = 1
    """Counts changes of all that an alert may say of it: itself, its links, its organisations."""


class Link(Table, table=True):
    """An organisation's role at a facility. Its id is green."""

    __table_args__ = (
        Index(
            "uq_link_facility_id_organisation_id_role",
            "facility_id",
            "organisation_id",
            "role",
            unique=True,
        ),
    )

    id: UUID = Field(primary_key=True)
    version: int = 1
    facility_id: UUID = Field(sa_column_args=[ForeignKey("facility.id")])
    organisation_id: UUID = Field(sa_column_args=[ForeignKey("organisation.id")], index=True)
    role: str = Field(sa_type=Text)
