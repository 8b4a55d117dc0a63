"""Workers who are to be told, each leased to one process at a time; and how an attempt ends."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tocsin_common.database import Database, driver
from tocsin_intake.notices.outcomes import Reason, State

LEASE = timedelta(seconds=45)  # longer than any attempt takes

_CLAIM = """
with first as (
    select distinct on (integration_id) complaint_id from reply_due
    where state = 'waiting' and due_at <= now() and integration_id <> all($1::uuid[])
    order by integration_id, due_at
), due as (
    select r.complaint_id from reply_due r join first using (complaint_id)
    where r.state = 'waiting' and r.due_at <= now()
    order by r.due_at limit $2 for update of r skip locked
), leased as (
    update reply_due r set attempts = attempts + 1, due_at = now() + $3::interval
    from due where r.complaint_id = due.complaint_id
    returning r.complaint_id, r.integration_id, r.due_since, r.attempts
)
select l.*, c.facts ->> 'language' as language, k.wrapped, v.contact
from leased l join complaint c on c.id = l.complaint_id
join data_key k on k.complaint_id = l.complaint_id
join vault_entry v on v.complaint_id = l.complaint_id
"""
_TOLD = """
update reply_due set state = 'told', reason = null
where complaint_id = $1 and due_since = $2 and attempts = $3
"""
_SETTLE = """
update reply_due set state = $4, reason = $5, due_at = now() + $6::interval
where complaint_id = $1 and due_since = $2 and attempts = $3 and state = 'waiting'
"""
_PUT_OFF = """
update reply_due set attempts = attempts - 1, due_at = now() + $4::interval
where complaint_id = $1 and due_since = $2 and attempts = $3 and state = 'waiting'
"""
_FORGET = "delete from reply_due where complaint_id = $1 and due_since = $2 and attempts = $3"
_COUNT = "select state, count(*) as replies from reply_due group by state"


@dataclass(frozen=True, slots=True)
class Due:
    """A worker to be told now, by us alone."""

    complaint_id: UUID
    integration_id: UUID
    due_since: datetime
    attempts: int
    """This one among them."""
    language: str | None
    wrapped: bytes
    contact: bytes | None
    """`None`: the consent was taken back in this moment."""


async def claim(database: Database, but: Collection[UUID], most: int) -> list[Due]:
    """Lease what is due, one of each integration, but none of those that have enough under way."""
    async with database.begin() as tx:
        rows = await (await driver(tx)).fetch(_CLAIM, list(but), most, LEASE)
    return [Due(**row) for row in rows]


async def note_told(database: Database, due: Due) -> None:
    """Say that the worker knows, until the message is read."""
    await _execute(database, _TOLD, due)


async def settle(
    database: Database, due: Due, state: State, reason: Reason, after: timedelta
) -> None:
    """Say what an attempt brought, unless another one has begun or nobody need be told."""
    await _execute(database, _SETTLE, due, state, reason, after)


async def put_off(database: Database, due: Due, after: timedelta) -> None:
    """Leave it for later: this was no attempt."""
    await _execute(database, _PUT_OFF, due, after)


async def forget(database: Database, due: Due) -> None:
    """Nobody may be told any more."""
    await _execute(database, _FORGET, due)


async def counts(database: Database) -> Mapping[str, int]:
    """How many waiting messages stand where."""
    async with database.begin() as tx:
        rows = await (await driver(tx)).fetch(_COUNT)
    return {row["state"]: row["replies"] for row in rows}


async def _execute(database: Database, statement: str, due: Due, *values: object) -> None:
    async with database.begin() as tx:
        connection = await driver(tx)
        await connection.execute(statement, due.complaint_id, due.due_since, due.attempts, *values)
