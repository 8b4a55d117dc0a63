"""Rewrites the files of the database without what was erased: a deleted row's bytes stay there.

PostgreSQL leaves the bytes of a deleted row in its page until something is written over them.
`VACUUM (FULL)` writes a table anew. Its log (WAL) loses them as its segments are replaced.
"""

from tocsin_common.database import Database

TABLES = ("data_key", "vault_entry", "message", "complaint", "dialogue", "outbox", "parked")
BY_ITSELF = 256 << 20  # bytes; bigger tables are locked for too long to do it unasked
PATIENCE = "2s"  # for a table's lock: whoever hands a complaint in meanwhile must not wait longer

_SIZE = """
select coalesce(sum(pg_total_relation_size(to_regclass(name))), 0)
from unnest($1::text[]) as named(name)
"""
_TO_DO = "select exists (select from erasure where scrubbed_at is null)"
_DONE = "update erasure set scrubbed_at = now() where scrubbed_at is null and erased_at < $1"
_NOW = "select clock_timestamp()"


async def scrub(database: Database, *, at_most: int | None = None) -> bool:
    """Rewrite the tables that held something which was erased; return whether that was done.

    Args:
        database: the service's own.
        at_most: leave it if the tables are bigger than that.
    """
    connection = await database.connect()
    try:
        if not await connection.fetchval(_TO_DO):
            return False
        if at_most is not None and await connection.fetchval(_SIZE, list(TABLES)) > at_most:
            return False
        began = await connection.fetchval(_NOW)
        await connection.execute(f"set lock_timeout = '{PATIENCE}'")
        for table in TABLES:
            await connection.execute(f'vacuum (full) "{table}"')
        await connection.execute(_DONE, began)
    finally:
        await connection.close()
    return True
