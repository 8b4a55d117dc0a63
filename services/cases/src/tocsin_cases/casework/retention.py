"""Complaints go at their greatest age also here, should their erasure never have been heard."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.casework import changes
from tocsin_common.database import driver
from tocsin_contracts.taxonomy import Taxonomy

AT_ONCE = 200

# Ids rise with time, so the oldest are found without looking at the others.
_OLD = """
select id from (select id, received_at from complaint order by id limit $2) oldest
where received_at < now() - make_interval(days => $1)
"""


async def purge(taxonomy: Taxonomy, days: int, tx: AsyncConnection) -> int:
    """Erase some complaints that are older than so many days; return how many."""
    rows = await (await driver(tx)).fetch(_OLD, days, AT_ONCE)
    ids: Sequence[UUID] = [row["id"] for row in rows]
    if ids:
        await changes.erase(tx, taxonomy, ids, datetime.now(UTC))
    return len(ids)
