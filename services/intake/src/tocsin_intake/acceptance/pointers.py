"""References that point to no complaint any more go at an age (protection V3, V10)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver

KEPT = timedelta(days=400)
"""What is sent again meanwhile brings nothing back, and counts no call twice."""
AT_ONCE = 1000

_EXPIRE = "update acceptance set expires_on = $2 where reference = any($1::bytea[])"
_EXPIRE_OF = "update acceptance set expires_on = $2 where complaint_id = any($1::uuid[])"
_PURGE = """
delete from acceptance where reference in (
    select reference from acceptance where expires_on < current_date order by expires_on limit $1
)
"""


async def expire(
    connection: "asyncpg.Connection[asyncpg.Record]", references: Sequence[bytes]
) -> None:
    """Let some references go in their time."""
    if references:
        await connection.execute(_EXPIRE, references, _day())


async def expire_those_of(
    connection: "asyncpg.Connection[asyncpg.Record]", complaint_ids: Sequence[UUID]
) -> None:
    """Let the references of complaints that are gone go in their time."""
    await connection.execute(_EXPIRE_OF, complaint_ids, _day())


async def purge(tx: AsyncConnection) -> int:
    """Let go of some whose time has come; return how many."""
    done = await (await driver(tx)).execute(_PURGE, AT_ONCE)
    return int(done.split()[-1])


def _day() -> date:
    return (datetime.now(UTC) + KEPT).date()
