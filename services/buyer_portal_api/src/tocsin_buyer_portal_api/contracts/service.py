"""What happens to contracts: each change of what one reaches changes its buyer's reach."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_buyer_portal_api.buyers import reach
from tocsin_buyer_portal_api.buyers.models import Buyer
from tocsin_buyer_portal_api.contracts.models import Contract, ContractReach
from tocsin_buyer_portal_api.contracts.schemas import NewContract
from tocsin_common.conditions import etag, require_match
from tocsin_common.database import driver
from tocsin_common.problems import Conflict, NotFound
from tocsin_contracts.ids import new_green_id

MOST_CONTRACTS = 1_000  # of one buyer: they travel in one event

_FORGET_ALL_BUT = """
delete from contract_reach where contract_id = $1 and organisation_id <> all($2::uuid[])
"""
_KEEP = """
insert into contract_reach (contract_id, organisation_id) select $1, * from unnest($2::uuid[])
on conflict do nothing
"""


class TooManyContracts(Conflict):
    """A buyer has as many contracts as it may."""

    code = "too_many_contracts"
    detail = f"A buyer has at most {MOST_CONTRACTS} contracts. Delete one first."


async def create(
    session: AsyncSession, buyer_id: UUID, new: NewContract, now: datetime
) -> tuple[Contract, list[UUID]]:
    """Register a contract; return it with the organisations it reaches.

    Raises:
        NotFound: there is no such buyer.
        TooManyContracts: it has as many as it may.
        ReachTooLarge: its contracts reach more than fits into one event.
    """
    buyer = await _locked(session, buyer_id)
    counted = select(func.count()).where(col(Contract.buyer_id) == buyer_id)
    if (await session.exec(counted)).one() >= MOST_CONTRACTS:
        raise TooManyContracts
    contract = Contract(
        contract_id=new_green_id(), buyer_id=buyer_id, reference=new.reference, created_at=now
    )
    session.add(contract)
    await session.flush()
    reached = await _set_reach(session, contract.contract_id, new.organisation_ids)
    await reach.follow(session, buyer, now)
    return contract, reached


async def change(
    session: AsyncSession,
    buyer_id: UUID,
    contract_id: UUID,
    wanted: NewContract,
    if_match: str | None,
    now: datetime,
) -> tuple[Contract, list[UUID]]:
    """Replace what is known of a contract; return it with the organisations it reaches.

    Raises:
        NotFound: this buyer has no such contract.
        IfMatchMissing: the caller does not say which state it changes.
        ChangedSince: it changes another state.
        ReachTooLarge: its contracts reach more than fits into one event.
    """
    buyer = await _locked(session, buyer_id)
    contract, before = await find(session, buyer_id, contract_id)
    require_match(if_match, etag(contract.version))
    reached = await _set_reach(session, contract_id, wanted.organisation_ids)
    if (contract.reference, before) == (wanted.reference, reached):
        return contract, reached
    contract.reference = wanted.reference
    contract.version += 1
    if before != reached:
        await reach.follow(session, buyer, now)
    return contract, reached


async def remove(session: AsyncSession, buyer_id: UUID, contract_id: UUID, now: datetime) -> None:
    """Forget a contract; what only it reached is reached no more.

    Raises:
        NotFound: this buyer has no such contract.
    """
    buyer = await _locked(session, buyer_id)
    await find(session, buyer_id, contract_id)
    await session.exec(delete(Contract).where(col(Contract.contract_id) == contract_id))
    await reach.follow(session, buyer, now)


async def find(
    session: AsyncSession, buyer_id: UUID, contract_id: UUID
) -> tuple[Contract, list[UUID]]:
    """Return a buyer's contract and the organisations it reaches, in order.

    Raises:
        NotFound: this buyer has no such contract.
    """
    contract = await session.get(Contract, contract_id)
    if not contract or contract.buyer_id != buyer_id:
        raise NotFound
    query = (
        select(ContractReach.organisation_id)
        .where(col(ContractReach.contract_id) == contract_id)
        .order_by(col(ContractReach.organisation_id))
    )
    return contract, list((await session.exec(query)).all())


async def page(
    session: AsyncSession, buyer_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Contract]:
    """Return a buyer's contracts in the order they were created."""
    order = (col(Contract.created_at), col(Contract.contract_id))
    query = select(Contract).where(col(Contract.buyer_id) == buyer_id)
    if after:
        query = query.where(tuple_(*order) > after)
    return list((await session.exec(query.order_by(*order).limit(limit))).all())


async def sizes(session: AsyncSession, contracts: Sequence[Contract]) -> Mapping[UUID, int]:
    """Return how many organisations each of these contracts reaches."""
    query = (
        select(ContractReach.contract_id, func.count())
        .where(col(ContractReach.contract_id).in_([one.contract_id for one in contracts]))
        .group_by(col(ContractReach.contract_id))
    )
    return dict((await session.exec(query)).all())


async def _locked(session: AsyncSession, buyer_id: UUID) -> Buyer:
    if not (buyer := await session.get(Buyer, buyer_id, with_for_update=True)):
        raise NotFound
    return buyer


async def _set_reach(
    session: AsyncSession, contract_id: UUID, organisation_ids: Iterable[UUID]
) -> list[UUID]:
    wanted = sorted(set(organisation_ids))
    connection = await driver(await session.connection())
    await connection.execute(_FORGET_ALL_BUT, contract_id, wanted)
    await connection.execute(_KEEP, contract_id, wanted)
    return wanted
