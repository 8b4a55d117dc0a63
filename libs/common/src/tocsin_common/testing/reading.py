"""How much of which tables a transaction reads, as PostgreSQL counts it."""

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_READ = text("""
select relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
from pg_stat_xact_user_tables
""")


@asynccontextmanager
async def rows_read(tx: AsyncConnection) -> AsyncGenerator[Counter[str]]:
    """Count, by table, the rows that are read in the block, those passed over included."""
    before, read = await _so_far(tx), Counter[str]()
    yield read
    read.update(await _so_far(tx))
    read.subtract(before)


async def _so_far(tx: AsyncConnection) -> Counter[str]:
    return Counter({row[0]: row[1] for row in await tx.execute(_READ)})
