"""Events are stored in the transaction that caused them; the relay ships them after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.database import TOLD, driver
from tocsin_common.telemetry import Trace, current_trace
from tocsin_contracts.events.base import Event
from tocsin_contracts.streams import stream_of

MAX_MESSAGE = 900_000  # bytes; NATS refuses a megabyte, headers included

_RECORD = """
insert into outbox (msg_id, stream, subject, headers, payload)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[])
"""


_OLDEST = text("""
select id, greatest(extract(epoch from clock_timestamp() - recorded_at), 0)
from outbox order by id limit 1
""")
_NEWEST = text("select coalesce(max(id), 0) from outbox")


class EventTooLarge(ValueError):
    """NATS would refuse this event, so its transaction must not commit."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event as it will be stored: made before joining a group, by the member it belongs to."""

    msg_id: UUID
    stream: str
    subject: str
    headers: str
    payload: bytes


def prepare(event: Event, *, trace: Trace | None = None) -> Prepared:
    """Make the row for `event`, with its CloudEvents attributes (binary mode) as headers.

    Args:
        event: what happened.
        trace: the trace it belongs to; without one the current span's. A stream that leaves
            amber never carries one (protection L1).

    Raises:
        EventTooLarge: NATS would refuse it.
    """
    stream = stream_of(type(event))
    msg_id = str(event.event_id)
    headers = {
        "Nats-Msg-Id": msg_id,
        "ce-specversion": "1.0",
        "ce-id": msg_id,
        "ce-type": event.subject,
        "ce-source": f"/tocsin/{stream.teller}",
        "ce-time": event.occurred_at.isoformat(),
        "ce-subject": str(event.aggregate),
        "content-type": "application/json",
    }
    if not stream.unlinked and (belongs := trace or current_trace()):
        headers["traceparent"] = belongs
    row = Prepared(
        msg_id=event.event_id,
        stream=stream.name,
        subject=event.subject,
        headers=to_json(headers).decode(),
        payload=event.model_dump_json().encode(),
    )
    if len(row.payload) + len(row.headers) > MAX_MESSAGE:
        raise EventTooLarge(event.subject)
    return row


async def record(tx: AsyncConnection | AsyncSession, rows: Sequence[Prepared | Event]) -> None:
    """Keep events with the caller's other writes; they go out, in this order, once they commit."""
    if not rows:
        return
    if isinstance(tx, AsyncSession):
        tx = await tx.connection()
    ready = [row if isinstance(row, Prepared) else prepare(row) for row in rows]
    tx.info[TOLD] = True
    connection = await driver(tx)
    await connection.execute(
        _RECORD,
        [row.msg_id for row in ready],
        [row.stream for row in ready],
        [row.subject for row in ready],
        [row.headers for row in ready],
        [row.payload for row in ready],
    )


@dataclass(frozen=True, slots=True)
class Oldest:
    """The event that has waited longest, and for how many seconds."""

    id: int
    age: float


async def oldest(tx: AsyncConnection) -> Oldest | None:
    """What has waited longest to be shipped, or `None` when nothing waits."""
    row = (await tx.execute(_OLDEST)).one_or_none()
    return Oldest(row[0], float(row[1])) if row else None


async def newest_id(tx: AsyncConnection) -> int:
    """The id of what was recorded last and still waits; 0 when nothing does."""
    return await tx.scalar(_NEWEST) or 0
