"""Under which host names hotlines' pages are served."""

from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from tocsin_common.models import Table


class WorkerPage(Table, table=True):
    """A hotline's page under one of its host names."""

    host: str = Field(primary_key=True, sa_type=Text)
    integration_id: UUID = Field(sa_column_args=[ForeignKey("integration.id")], index=True)
    name: str = Field(sa_type=Text)
    names: dict[str, str] = Field(default_factory=dict, sa_type=JSONB)
    """What it is called in languages of its own."""
    leave_to: str = Field(sa_type=Text)
