"""Keeps how an integration's workers are told, and has them told again."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.database import driver
from tocsin_intake.integrations.notices import Notices
from tocsin_intake.integrations.sealed import SealedSystem
from tocsin_intake.integrations.service import set_notices, to_change
from tocsin_intake.notices.models import ReplyDue
from tocsin_intake.notices.outcomes import State
from tocsin_intake.vault import Vault

AT_ONCE = 1000

_AGAIN = """
update reply_due set state = 'waiting', reason = null, attempts = 0, due_at = now()
where complaint_id in (
    select complaint_id from reply_due
    where integration_id = $1 and state in ('listed', 'given_up')
    order by complaint_id limit $2 for update
)
"""


async def put(
    session: AsyncSession,
    vault: Vault,
    integration_id: UUID,
    wanted: Notices,
    if_match: str | None,
) -> int:
    """Have an integration's workers told this way; return the integration's version.

    Raises:
        NotFound: there is no such integration.
        IfMatchMissing, ChangedSince: the caller does not know the present state.
        NoticesNotPossible: what was told of its system is not enough.
    """
    integration = await to_change(session, integration_id, if_match)
    set_notices(vault, integration, SealedSystem.open(vault, integration).now, wanted)
    return integration.version


async def remove(session: AsyncSession, integration_id: UUID, if_match: str | None) -> None:
    """Leave it to the hotline to tell its workers.

    Raises:
        NotFound: there is no such integration.
        IfMatchMissing, ChangedSince: the caller does not know the present state.
    """
    integration = await to_change(session, integration_id, if_match)
    integration.sealed_notices = None


async def page(
    session: AsyncSession,
    integration_id: UUID | None,
    state: State | None,
    *,
    after: UUID | None,
    limit: int,
) -> Sequence[ReplyDue]:
    """Messages that wait for their workers."""
    query = select(ReplyDue).order_by(col(ReplyDue.complaint_id)).limit(limit)
    if integration_id:
        query = query.where(col(ReplyDue.integration_id) == integration_id)
    if state:
        query = query.where(col(ReplyDue.state) == state)
    if after:
        query = query.where(col(ReplyDue.complaint_id) > after)
    return (await session.exec(query)).all()


async def try_again(tx: AsyncConnection, integration_id: UUID) -> int:
    """Have up to `AT_ONCE` workers told whom no notice reached; return how many."""
    done = await (await driver(tx)).execute(_AGAIN, integration_id, AT_ONCE)
    return int(done.split()[-1])
