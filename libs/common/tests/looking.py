"""What tests look at: what was filed, what was set aside, and where a span belongs."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext
from sqlalchemy import text

from tocsin_common.database import Database


async def filed(database: Database) -> list[UUID]:
    """The complaints that were filed, in the order in which they were."""
    async with database.begin() as tx:
        rows = await tx.scalars(text("select complaint_id from filed order by place"))
        return list(rows.all())


async def parked(database: Database) -> Sequence[Any]:
    """The events that were set aside, oldest first."""
    async with database.begin() as tx:
        return (await tx.execute(text("select * from parked order by id"))).mappings().all()


def all_filed(database: Database, count: int) -> Callable[[], Awaitable[list[UUID]]]:
    """For `eventually`: so many are filed."""

    async def look() -> list[UUID]:
        there = await filed(database)
        return there if len(there) >= count else []

    return look


def all_parked(database: Database, count: int) -> Callable[[], Awaitable[Sequence[Any]]]:
    """For `eventually`: so many are set aside."""

    async def look() -> Sequence[Any]:
        there = await parked(database)
        return there if len(there) >= count else []

    return look


def place(span: ReadableSpan) -> SpanContext:
    """The ids of a span that was recorded."""
    assert span.context
    return span.context
