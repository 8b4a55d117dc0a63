"""Files that are due, each leased to one process at a time; and how an attempt ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from tocsin_common.database import Database, driver
from tocsin_intake.media.outcomes import Reason, State

LEASE = timedelta(minutes=15)  # longer than any attempt takes

_CLAIM = """
with due as (
    select id from sent_along where state = 'waiting' and due_at <= now()
    order by due_at limit $1 for update skip locked
), leased as (
    update sent_along set attempts = attempts + 1, due_at = now() + $2::interval
    from due where sent_along.id = due.id
    returning sent_along.id, complaint_id, integration_id, sealed, attempts
)
select leased.*, k.wrapped from leased join data_key k on k.complaint_id = leased.complaint_id
"""
_STILL_THERE = "select true from complaint where id = $1 for key share"
_FORGET = "delete from sent_along where id = $1 returning named"
_ATTACH = "update attachment set complaint_id = $2, named = $3, expires_at = null where id = $1"
_SETTLE = """
update sent_along set state = $3, reason = $4, due_at = now() + $5::interval
where id = $1 and attempts = $2
"""
_COUNT = """
select state, count(*) as files, count(*) filter (where created_at < now() - $1::interval) as old
from sent_along group by state
"""
LATE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """A file to be fetched now, by us alone."""

    id: UUID
    complaint_id: UUID
    integration_id: UUID
    sealed: bytes
    attempts: int
    """This one among them."""
    wrapped: bytes


async def claim(database: Database, most: int) -> list[Due]:
    """Lease what is due; whoever dies over it loses it after a while."""
    async with database.begin() as tx:
        rows = await (await driver(tx)).fetch(_CLAIM, most, LEASE)
    return [Due(**row) for row in rows]


async def attach(database: Database, due: Due, attachment_id: UUID) -> bool:
    """Put a fetched attachment in the file's place; false if nobody wants it any more.

    The complaint stays locked meanwhile, so that its erasure finds the attachment or prevents it.
    """
    async with database.begin() as tx:
        connection = await driver(tx)
        if not await connection.fetchval(_STILL_THERE, due.complaint_id):
            return False
        if not (file := await connection.fetchrow(_FORGET, due.id)):
            return False
        await connection.execute(_ATTACH, attachment_id, due.complaint_id, file["named"])
        return True


async def settle(
    database: Database, due: Due, state: State, reason: Reason, after: timedelta
) -> None:
    """Say what an attempt brought, unless another one has begun."""
    async with database.begin() as tx:
        await (await driver(tx)).execute(_SETTLE, due.id, due.attempts, state, reason, after)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many files stand where."""

    by_state: Mapping[str, int]
    late: int
    """Waiting for more than a day."""


async def counts(database: Database) -> Counts:
    """Count files that are not attachments."""
    async with database.begin() as tx:
        rows = await (await driver(tx)).fetch(_COUNT, LATE)
    late = sum(row["old"] for row in rows if row["state"] == State.WAITING)
    return Counts({row["state"]: row["files"] for row in rows}, late)
