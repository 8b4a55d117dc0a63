"""A buyer's reach: what was confirmed for it, and what its contracts reach. It tells BUYERS."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_buyer_portal_api.buyers.models import Buyer, Reach
from tocsin_buyer_portal_api.buyers.schemas import LARGEST_REACH
from tocsin_common import outbox
from tocsin_common.database import driver
from tocsin_common.problems import Conflict
from tocsin_contracts.events.buyers import ContractReach, ReachChanged

_CONFIRM = """
insert into reach (buyer_id, organisation_id, confirmed) select $1, *, true from unnest($2::uuid[])
on conflict (buyer_id, organisation_id) do update set confirmed = true where not reach.confirmed
"""
_CONFIRM_NO_OTHER = """
update reach set confirmed = false
where buyer_id = $1 and confirmed and organisation_id <> all($2::uuid[])
"""
_FOLLOW_CONTRACTS = """
insert into reach (buyer_id, organisation_id, confirmed)
select distinct $1::uuid, contract_reach.organisation_id, false
from contract_reach join contract using (contract_id)
where contract.buyer_id = $1
on conflict do nothing
"""
_FORGET = """
delete from reach
where buyer_id = $1 and not confirmed and not exists (
    select from contract_reach join contract using (contract_id)
    where contract.buyer_id = $1 and contract_reach.organisation_id = reach.organisation_id
)
"""
_BY_CONTRACT = """
select contract_id, organisation_id
from contract_reach join contract using (contract_id)
where contract.buyer_id = $1
order by contract_id, organisation_id
"""


class ReachTooLarge(Conflict):
    """The whole reach travels in one event."""

    code = "reach_too_large"
    detail = f"A buyer reaches at most {LARGEST_REACH} organisations, counted once a contract."


async def confirm(session: AsyncSession, buyer_id: UUID, organisation_ids: Iterable[UUID]) -> None:
    """Confirm exactly these organisations for a buyer, beside what its contracts reach."""
    wanted = sorted(set(organisation_ids))
    connection = await driver(await session.connection())
    await connection.execute(_CONFIRM_NO_OTHER, buyer_id, wanted)
    await connection.execute(_CONFIRM, buyer_id, wanted)


async def follow(session: AsyncSession, buyer: Buyer, now: datetime) -> list[UUID]:
    """Bring a buyer's reach in line with its contracts and tell BUYERS; return the whole of it.

    Raises:
        ReachTooLarge: it would not fit into one event.
    """
    connection = await driver(await session.connection())
    await connection.execute(_FOLLOW_CONTRACTS, buyer.buyer_id)
    await connection.execute(_FORGET, buyer.buyer_id)
    reach = await of(session, buyer.buyer_id)
    pairs = await connection.fetch(_BY_CONTRACT, buyer.buyer_id)
    if max(len(reach), len(pairs)) > LARGEST_REACH:
        raise ReachTooLarge
    buyer.reach_version += 1
    contracts = tuple(
        ContractReach(contract_id=one, organisation_ids=tuple(row[1] for row in rows))
        for one, rows in groupby(pairs, key=lambda row: row[0])
    )
    changed = ReachChanged(
        buyer_id=buyer.buyer_id,
        version=buyer.reach_version,
        occurred_at=now,
        organisation_ids=tuple(reach),
        contracts=contracts,
    )
    await outbox.record(session, [changed])
    return reach


async def of(session: AsyncSession, buyer_id: UUID) -> list[UUID]:
    """Return the organisations that a buyer reaches, in order."""
    query = (
        select(Reach.organisation_id)
        .where(col(Reach.buyer_id) == buyer_id)
        .order_by(col(Reach.organisation_id))
    )
    return list((await session.exec(query)).all())


async def confirmed(session: AsyncSession, buyer_id: UUID) -> list[UUID]:
    """Return the organisations that were confirmed for a buyer by themselves, in order."""
    query = (
        select(Reach.organisation_id)
        .where(col(Reach.buyer_id) == buyer_id, col(Reach.confirmed))
        .order_by(col(Reach.organisation_id))
    )
    return list((await session.exec(query)).all())
