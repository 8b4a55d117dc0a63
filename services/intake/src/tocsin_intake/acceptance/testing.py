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
_PURGE = """
with old as (
    delete from test_complaint where complaint_id in (
        select complaint_id from test_complaint where received_at < $1 limit $2
    ) returning complaint_id
), words as (
    delete from vault_entry using old where vault_entry.complaint_id = old.complaint_id
), keys as (
    delete from data_key using old where data_key.complaint_id = old.complaint_id
), evidence as (
    update attachment set complaint_id = null, expires_at = $1 from old
    where attachment.complaint_id = old.complaint_id
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
    done = await (await driver(tx)).execute(_PURGE, oldest, AT_ONCE)
    return int(done.split()[-1])
