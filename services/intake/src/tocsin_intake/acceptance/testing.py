"""Complaints that test keys hand in: kept for a day, told to nobody."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver

KEPT = timedelta(days=1)
"""Long enough to try the way back with a receipt."""

AT_ONCE = 1000

_MARK = "insert into test_complaint (complaint_id, received_at) select unnest($1::uuid[]), now()"
_OLD = """
select c.id from complaint c join test_complaint t on t.complaint_id = c.id
where t.received_at < $1 order by c.id limit $2 for update of c
"""
_PURGE = """
with old as (
    delete from test_complaint where complaint_id = any($2::uuid[]) returning complaint_id
), words as (
    delete from vault_entry using old where vault_entry.complaint_id = old.complaint_id
), keys as (
    delete from data_key using old where data_key.complaint_id = old.complaint_id
), evidence as (
    update attachment set complaint_id = null, expires_at = $1 from old
    where attachment.complaint_id = old.complaint_id
), files as (
    delete from sent_along using old where sent_along.complaint_id = old.complaint_id
), messages as (
    delete from message using old where message.complaint_id = old.complaint_id
), dialogues as (
    delete from dialogue using old where dialogue.complaint_id = old.complaint_id
), replies as (
    delete from reply_due using old where reply_due.complaint_id = old.complaint_id
), pointers as (
    delete from acceptance using old where acceptance.complaint_id = old.complaint_id
)
delete from complaint using old where complaint.id = old.complaint_id
"""


async def mark(
    connection: "asyncpg.Connection[asyncpg.Record]", complaint_ids: Sequence[UUID]
) -> None:
    """Note which complaints were handed in for a test."""
    if complaint_ids:
        await connection.execute(_MARK, complaint_ids)


async def purge(tx: AsyncConnection, before: datetime | None = None) -> int:
    """Remove up to `AT_ONCE` that are older than `KEPT`, or came before; return how many."""
    oldest = before or datetime.now(UTC) - KEPT
    connection = await driver(tx)
    rows = await connection.fetch(_OLD, oldest, AT_ONCE)  # locked: nothing is added any more
    done = await connection.execute(_PURGE, oldest, [row["id"] for row in rows])
    return int(done.split()[-1])
