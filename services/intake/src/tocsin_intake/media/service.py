"""Files that are no evidence yet: listed by their metadata, and tried again."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.database import driver
from tocsin_intake.media.models import SentAlong
from tocsin_intake.media.outcomes import State

AT_ONCE = 1000

_AGAIN = """
update sent_along set state = 'waiting', reason = null, attempts = 0, due_at = now()
where id in (
    select id from sent_along where integration_id = $1 and state <> 'waiting'
    order by id limit $2 for update
)
"""


async def page(
    session: AsyncSession,
    integration_id: UUID | None,
    state: State | None,
    *,
    after: UUID | None,
    limit: int,
) -> Sequence[SentAlong]:
    """Files that wait, were refused or given up."""
    query = select(SentAlong).order_by(col(SentAlong.id)).limit(limit)
    if integration_id:
        query = query.where(col(SentAlong.integration_id) == integration_id)
    if state:
        query = query.where(col(SentAlong.state) == state)
    if after:
        query = query.where(col(SentAlong.id) > after)
    return (await session.exec(query)).all()


async def try_again(tx: AsyncConnection, integration_id: UUID) -> int:
    """Have up to `AT_ONCE` files of an integration fetched again; return how many."""
    done = await (await driver(tx)).execute(_AGAIN, integration_id, AT_ONCE)
    return int(done.split()[-1])
