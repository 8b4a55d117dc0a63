"""What is stored of a message that waits for a worker: ids, times and codes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text, func, text
from sqlmodel import Field

from tocsin_common.models import Table

WAITING = text("state = 'waiting'")


class ReplyDue(Table, table=True):
    """A message waits for a worker who agreed to be contacted, until it is read."""

    __table_args__ = (
        Index("ix_reply_due_integration_id", "integration_id", "due_since"),
        Index("ix_reply_due_due_at", "integration_id", "due_at", postgresql_where=WAITING),
    )

    complaint_id: UUID = Field(primary_key=True)
    integration_id: UUID
    due_since: datetime
    state: str = Field(
        default="waiting", sa_type=Text, sa_column_kwargs={"server_default": "waiting"}
    )
    reason: str | None = Field(default=None, sa_type=Text)
    """A code, never a value: why the worker is not told yet."""
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    due_at: datetime = Field(sa_column_kwargs={"server_default": func.now()})
    """When the worker is told; while somebody does, when that attempt is taken for lost."""
