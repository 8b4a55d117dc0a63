"""The base of everything stored, and the tables that mechanisms need in every database."""

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, MetaData, Text, func
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(SQLModel):
    """A stored class. Its table is its own name in snake case."""

    metadata = MetaData(naming_convention=NAMING)

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805 # pyright: ignore[reportIncompatibleVariableOverride]
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class Outbox(Table, table=True):
    """An event on its way out: a row that is there is unsent, and deleted after the ack."""

    __table_args__ = (Index(None, "stream", "id"),)

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)])
    msg_id: UUID
    stream: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    headers: str = Field(sa_type=Text)
    """A JSON object of the message's headers."""
    payload: bytes
    recorded_at: datetime = Field(sa_column_kwargs={"server_default": func.now()})


class Heard(Table, table=True):
    """The newest version this service has heard of each aggregate."""

    kind: str = Field(primary_key=True, sa_type=Text)
    aggregate: UUID = Field(primary_key=True)
    version: int


class Parked(Table, table=True):
    """An event that could not be handled. Without `retry_at` it is a dead letter."""

    __table_args__ = (
        Index("uq_parked_consumer_msg_id", "consumer", "msg_id", unique=True),
        Index("ix_parked_retry_at", "retry_at"),
    )

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)])
    consumer: str = Field(sa_type=Text)
    msg_id: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    trace: str | None = Field(default=None, sa_type=Text)
    body: bytes
    reason: str = Field(sa_type=Text)
    """Type and place of the error, never a value (protection V6)."""
    attempts: int = 1
    parked_at: datetime = Field(sa_column_kwargs={"server_default": func.now()})
    retry_at: datetime | None = None
