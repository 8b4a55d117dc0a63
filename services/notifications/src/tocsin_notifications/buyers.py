"""What the portal tells about buyers, as far as notifications needs it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, or_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, select

from tocsin_common.database import Database, driver
from tocsin_contracts.events.buyers import BuyerChanged, KeyChanged, ReachChanged
from tocsin_notifications.models import Buyer, BuyerKey

_KEEP_BUYERS = """
insert into buyer (id, name, language, time_zone, undertaking_signed, active)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::bool[])
on conflict (id) do update set
    name = excluded.name,
    language = excluded.language,
    time_zone = excluded.time_zone,
    undertaking_signed = excluded.undertaking_signed,
    active = excluded.active
"""
_KEEP_KEYS = """
insert into buyer_key (id, buyer_id, key_hash, valid_until)
select * from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::timestamptz[])
on conflict (id) do update set
    buyer_id = excluded.buyer_id,
    key_hash = excluded.key_hash,
    valid_until = excluded.valid_until
"""
_FORGET_REACH = """
delete from reach using unnest($1::uuid[]) as of_buyer(id)
where reach.buyer_id = of_buyer.id and (reach.organisation_id, reach.buyer_id) not in (
    select * from unnest($2::uuid[], $3::uuid[])
)
"""
_KEEP_REACH = """
insert into reach (organisation_id, buyer_id) select * from unnest($1::uuid[], $2::uuid[])
on conflict do nothing
"""
_FORGET_CONTRACTS = """
delete from contract_reach using unnest($1::uuid[]) as of_buyer(id)
where contract_reach.buyer_id = of_buyer.id
    and (contract_reach.organisation_id, contract_reach.contract_id) not in (
        select * from unnest($2::uuid[], $3::uuid[])
    )
"""
_KEEP_CONTRACTS = """
insert into contract_reach (organisation_id, contract_id, buyer_id)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[])
on conflict do nothing
"""


async def keep_buyers(tx: AsyncConnection, events: Sequence[BuyerChanged]) -> None:
    """Know these buyers as they are now."""
    events = sorted(events, key=lambda one: one.buyer_id)
    await (await driver(tx)).execute(
        _KEEP_BUYERS,
        [one.buyer_id for one in events],
        [one.name for one in events],
        [one.language for one in events],
        [one.time_zone for one in events],
        [one.undertaking_signed for one in events],
        [one.active for one in events],
    )


async def keep_keys(tx: AsyncConnection, events: Sequence[KeyChanged]) -> None:
    """Know these keys as they are now."""
    events = sorted(events, key=lambda one: one.key_id)
    await (await driver(tx)).execute(
        _KEEP_KEYS,
        [one.key_id for one in events],
        [one.buyer_id for one in events],
        [one.key_hash for one in events],
        [one.valid_until for one in events],
    )


async def keep_reach(tx: AsyncConnection, events: Sequence[ReachChanged]) -> None:
    """Know the reach of these buyers as it is now; each event carries the whole of it."""
    pairs = sorted(
        {(organisation, one.buyer_id) for one in events for organisation in one.organisation_ids}
    )
    organisations, buyers = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    connection = await driver(tx)
    changed = sorted(one.buyer_id for one in events)
    await connection.execute(_FORGET_REACH, changed, organisations, buyers)
    await connection.execute(_KEEP_REACH, organisations, buyers)
    by_contract = sorted(
        {
            (organisation, contract.contract_id, one.buyer_id)
            for one in events
            for contract in one.contracts
            for organisation in contract.organisation_ids
        }
    )
    organisations = [one for one, _, _ in by_contract]
    contracts = [one for _, one, _ in by_contract]
    await connection.execute(_FORGET_CONTRACTS, changed, organisations, contracts)
    await connection.execute(
        _KEEP_CONTRACTS, organisations, contracts, [one for _, _, one in by_contract]
    )


async def by_key(database: Database) -> Mapping[bytes, UUID]:
    """Every valid key's buyer, to be held in memory."""
    query = (
        select(BuyerKey.key_hash, BuyerKey.buyer_id)
        .join(Buyer, col(Buyer.id) == col(BuyerKey.buyer_id))
        .where(
            col(Buyer.active),
            or_(col(BuyerKey.valid_until).is_(None), col(BuyerKey.valid_until) > func.now()),
        )
    )
    async with database.session() as session:
        return dict((await session.exec(query)).all())
