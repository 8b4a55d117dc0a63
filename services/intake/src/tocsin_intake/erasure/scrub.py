"""Rewrites the files of the database without what was erased: a deleted row's bytes stay there.

PostgreSQL leaves the bytes of a deleted row in its page until something is written over them.
`VACUUM (FULL)` writes a table anew. PostgreSQL's log (WAL) has them, too, until its segments go:
once the log has moved on by a segment, a checkpoint removes the older ones, where it is set to
remove and not to reuse them (`wal_recycle`), and where the role may make one (`pg_checkpoint`).
"""

from dataclasses import dataclass

import asyncpg

from tocsin_common.database import Database

TABLES = (
    "data_key",
    "vault_entry",
    "message",
    "sent_along",
    "complaint",
    "dialogue",
    "outbox",
    "parked",
)
BY_ITSELF = 256 << 20  # bytes; bigger tables are locked for too long to do it unasked
PATIENCE = "2s"  # for a table's lock: whoever hands a complaint in meanwhile must not wait longer

_SIZE = """
select coalesce(sum(pg_total_relation_size(to_regclass(name))), 0)
from unnest($1::text[]) as named(name)
"""
_TO_DO = "select exists (select from erasure where scrubbed_at is null)"
_DONE = "update erasure set scrubbed_at = now() where scrubbed_at is null and erased_at < $1"
_NOW = "select clock_timestamp()"
_REMOVES = "select current_setting('wal_recycle') = 'off'"
_MOVE_ON = """
select pg_logical_emit_message(false, 'tocsin', repeat(' ', 1 << 20))
from generate_series(0, pg_size_bytes(current_setting('wal_segment_size')) >> 20)
"""


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What was done."""

    rewritten: bool
    """The tables' files were; not if nothing was erased since the last time."""
    log_replaced: bool = False
    """The log holds nothing from before either."""


async def scrub(database: Database, *, at_most: int | None = None) -> Rewriting:
    """Rewrite the tables that held something which was erased, and what the log has of it.

    Args:
        database: the service's own.
        at_most: leave it if the tables are bigger than that.
    """
    connection = await asyncpg.connect(database.dsn, timeout=5)
    try:
        if not await connection.fetchval(_TO_DO):
            return Rewriting(rewritten=False)
        if at_most is not None and await connection.fetchval(_SIZE, list(TABLES)) > at_most:
            return Rewriting(rewritten=False)
        began = await connection.fetchval(_NOW)
        await connection.execute(f"set lock_timeout = '{PATIENCE}'")
        for table in TABLES:
            await connection.execute(f'vacuum (full) "{table}"')
        replaced = await _replace_the_log(connection)
        await connection.execute(_DONE, began)
    finally:
        await connection.close()
    return Rewriting(rewritten=True, log_replaced=replaced)


async def _replace_the_log(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Let PostgreSQL remove the segments of its log up to now; return whether it does."""
    if not await connection.fetchval(_REMOVES):
        return False
    await connection.execute(_MOVE_ON)
    try:
        await connection.execute("checkpoint")
    except asyncpg.InsufficientPrivilegeError:
        return False
    return True
