"""Events that could not be handled: kept, visible, tried again, or waiting for a person."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from tocsin_common.models import Parked

RETRIES = timedelta(days=1)
FIRST_RETRY = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)

_TAKE_DUE = text("""
update parked set retry_at = now() + interval '1 minute'
where id in (
    select id from parked where retry_at <= now() and consumer = any(cast(:consumers as text[]))
    order by retry_at limit :limit for update skip locked
)
returning *
""")


def next_retry(attempts: int, parked_at: datetime, now: datetime) -> datetime | None:
    """When to try again: waits double to an hour; after a day it is a dead letter (`None`)."""
    if now - parked_at >= RETRIES:
        return None
    return now + min(FIRST_RETRY * 2 ** min(attempts - 1, 16), LONGEST_WAIT)


async def park(tx: AsyncConnection, events: Sequence[Parked]) -> None:
    """Set events aside; once this has committed, their messages may be acknowledged."""
    columns = {"consumer", "msg_id", "subject", "trace", "body", "reason", "retry_at"}
    rows = [event.model_dump(include=columns) for event in events]
    await tx.execute(insert(Parked).on_conflict_do_nothing(), rows)


async def take_due(
    tx: AsyncConnection, consumers: Sequence[str], *, limit: int = 50
) -> list[Parked]:
    """Take events whose time to be tried again has come; nobody else takes them for a minute."""
    rows = await tx.execute(_TAKE_DUE, {"consumers": list(consumers), "limit": limit})
    return [Parked(**row) for row in rows.mappings()]


async def failed_again(
    tx: AsyncConnection, event: Parked, reason: str, *, hopeless: bool
) -> datetime | None:
    """Note another failure; return when the next try is."""
    attempts = event.attempts + 1
    again = None if hopeless else next_retry(attempts, event.parked_at, datetime.now(UTC))
    await tx.execute(
        update(Parked)
        .where(col(Parked.id) == event.id)
        .values(attempts=attempts, reason=reason, retry_at=again)
    )
    return again


async def forget(tx: AsyncConnection, parked_id: int) -> bool:
    """Remove an event that was handled, or that a person gave up. Say whether it was there."""
    done = await tx.execute(delete(Parked).where(col(Parked.id) == parked_id))
    return done.rowcount > 0


async def find(tx: AsyncConnection, parked_id: int) -> Parked | None:
    """One parked event, body included."""
    rows = await tx.execute(select(*_COLUMNS).where(col(Parked.id) == parked_id))
    found = rows.mappings().one_or_none()
    return Parked(**found) if found else None


async def page(tx: AsyncConnection, *, after: int, limit: int) -> Sequence[Any]:
    """Parked events after an id, without their bodies."""
    columns = [column for column in _COLUMNS if column.name != "body"]
    query = select(*columns).where(col(Parked.id) > after).order_by(col(Parked.id)).limit(limit)
    return (await tx.execute(query)).mappings().all()


async def count(tx: AsyncConnection) -> tuple[int, int]:
    """How many wait for another try, and how many are dead letters."""
    waiting = func.count(col(Parked.retry_at))
    row = (await tx.execute(select(waiting, func.count() - waiting).select_from(Parked))).one()
    return row[0], row[1]


_COLUMNS = tuple(Parked.metadata.tables["parked"].columns)
