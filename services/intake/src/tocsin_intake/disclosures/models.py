"""What is stored of intentions to disclose."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, Index, Text
from sqlmodel import Field

from tocsin_common.models import Table


class Intention(Table, table=True):
    """What buyers would be told, as cases told this hotline; and whether the hotline holds it."""

    __table_args__ = (Index("ix_intention_integration_id", "integration_id", "id"),)

    id: UUID = Field(primary_key=True)
    integration_id: UUID
    told_at: datetime
    level: str = Field(sa_type=Text)
    slot: datetime
    """When it would leave."""
    organisation_names: list[str] = Field(sa_type=ARRAY(Text))  # pyright: ignore[reportArgumentType]
    country: str = Field(sa_type=Text)
    issue_group: str = Field(sa_type=Text)
    holds: int = 0
    """Counts what cases was told of it."""
    held_until: date | None = None
    reason: str | None = Field(default=None, sa_type=Text)
    renewal_by: UUID | None = None
    """The key by which a first person asked to hold for longer; a second must agree."""
