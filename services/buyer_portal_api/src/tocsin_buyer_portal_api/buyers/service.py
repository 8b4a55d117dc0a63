"""What happens to buyers, their keys and their reach: each change tells BUYERS."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_buyer_portal_api.auth import Caller
from tocsin_buyer_portal_api.buyers import reach
from tocsin_buyer_portal_api.buyers.models import Buyer, BuyerKey, Reach
from tocsin_buyer_portal_api.buyers.schemas import BuyerChange, NewBuyer
from tocsin_common import outbox
from tocsin_common.auth import hash_of, new_key
from tocsin_common.conditions import etag, require_match
from tocsin_common.database import Database
from tocsin_common.problems import Conflict, NotFound
from tocsin_contracts.events.buyers import BuyerChanged, KeyChanged
from tocsin_contracts.ids import new_green_id

MOST_KEYS = 10  # enough to rotate every system of a buyer; they are all held in memory
KEYS_SHOWN = 100


class TooManyKeys(Conflict):
    """A buyer holds as many valid keys as it may."""

    code = "too_many_keys"
    detail = f"A buyer has at most {MOST_KEYS} valid keys. Disable one first."


async def create(
    session: AsyncSession, hash_key: bytes, new: NewBuyer, now: datetime
) -> tuple[Buyer, BuyerKey, str]:
    """Register a buyer; return it with its first key, and the key itself."""
    buyer = Buyer(buyer_id=new_green_id(), created_at=now, **new.model_dump())
    session.add(buyer)
    await outbox.record(session, [_buyer_changed(buyer, now)])
    stored, key = await _create_key(session, hash_key, buyer.buyer_id, now)
    return buyer, stored, key


async def change(
    session: AsyncSession, buyer_id: UUID, wanted: BuyerChange, if_match: str | None, now: datetime
) -> Buyer:
    """Change what is known of a buyer.

    Raises:
        NotFound: there is no such buyer.
        IfMatchMissing: the caller does not say which state it changes.
        ChangedSince: it changes another state.
    """
    buyer = await _locked(session, buyer_id)
    require_match(if_match, etag(buyer.version))
    before = buyer.model_dump()
    buyer.sqlmodel_update(wanted.model_dump(exclude_none=True))
    if buyer.model_dump() != before:
        buyer.version += 1
        await outbox.record(session, [_buyer_changed(buyer, now)])
    return buyer


async def add_key(
    session: AsyncSession, hash_key: bytes, buyer_id: UUID, now: datetime
) -> tuple[BuyerKey, str]:
    """Give a buyer another key; return it, and the key itself.

    Raises:
        NotFound: there is no such buyer.
        TooManyKeys: it has as many as it may have.
    """
    await _locked(session, buyer_id)
    valid = select(func.count()).where(
        col(BuyerKey.buyer_id) == buyer_id,
        or_(col(BuyerKey.valid_until).is_(None), col(BuyerKey.valid_until) > now),
    )
    if (await session.exec(valid)).one() >= MOST_KEYS:
        raise TooManyKeys
    return await _create_key(session, hash_key, buyer_id, now)


async def disable_key(session: AsyncSession, buyer_id: UUID, key_id: UUID, now: datetime) -> None:
    """Refuse a key from now on; a key that is refused already stays so.

    Raises:
        NotFound: this buyer has no such key.
    """
    query = select(BuyerKey).where(
        col(BuyerKey.key_id) == key_id, col(BuyerKey.buyer_id) == buyer_id
    )
    key = (await session.exec(query.with_for_update())).one_or_none()
    if not key:
        raise NotFound
    if key.valid_until is None or key.valid_until > now:
        key.valid_until = now
        key.version += 1
        await outbox.record(session, [_key_changed(key, now)])


async def set_reach(
    session: AsyncSession,
    buyer_id: UUID,
    organisation_ids: Sequence[UUID],
    if_match: str | None,
    now: datetime,
) -> tuple[Buyer, list[UUID]]:
    """Replace what is confirmed for a buyer; return the buyer and its whole reach as it is now.

    Raises:
        NotFound: there is no such buyer.
        IfMatchMissing: the caller does not say which state it changes.
        ChangedSince: it changes another state.
        ReachTooLarge: with its contracts it reaches more than fits into one event.
    """
    buyer = await _locked(session, buyer_id)
    require_match(if_match, etag(buyer.reach_version))
    if sorted(set(organisation_ids)) == await reach.confirmed(session, buyer_id):
        return buyer, await reach.of(session, buyer_id)
    await reach.confirm(session, buyer_id, organisation_ids)
    return buyer, await reach.follow(session, buyer, now)


async def find(session: AsyncSession, buyer_id: UUID) -> Buyer:
    """Return a buyer.

    Raises:
        NotFound: there is no such buyer.
    """
    if not (buyer := await session.get(Buyer, buyer_id)):
        raise NotFound
    return buyer


async def page(
    session: AsyncSession, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Buyer]:
    """Return buyers in the order they were created."""
    order = (col(Buyer.created_at), col(Buyer.buyer_id))
    query = select(Buyer).order_by(*order).limit(limit)
    if after:
        query = query.where(tuple_(*order) > after)
    return list((await session.exec(query)).all())


async def keys_of(session: AsyncSession, buyer_id: UUID) -> list[BuyerKey]:
    """Return a buyer's newest keys, newest first.

    Raises:
        NotFound: there is no such buyer.
    """
    await find(session, buyer_id)
    query = (
        select(BuyerKey)
        .where(col(BuyerKey.buyer_id) == buyer_id)
        .order_by(col(BuyerKey.created_at).desc(), col(BuyerKey.key_id))
        .limit(KEYS_SHOWN)
    )
    return list((await session.exec(query)).all())


async def reach_of(session: AsyncSession, buyer_id: UUID) -> tuple[Buyer, list[UUID]]:
    """Return a buyer and the organisations it reaches.

    Raises:
        NotFound: there is no such buyer.
    """
    return await find(session, buyer_id), await reach.of(session, buyer_id)


async def reach_size(session: AsyncSession, buyer_id: UUID) -> int:
    """How many organisations a buyer reaches."""
    query = select(func.count()).where(col(Reach.buyer_id) == buyer_id)
    return (await session.exec(query)).one()


async def by_key(database: Database) -> Mapping[bytes, Caller]:
    """Every valid key's buyer, to be held in memory."""
    query = (
        select(BuyerKey.key_hash, BuyerKey.buyer_id, BuyerKey.key_id)
        .join(Buyer, col(Buyer.buyer_id) == col(BuyerKey.buyer_id))
        .where(
            col(Buyer.active),
            or_(col(BuyerKey.valid_until).is_(None), col(BuyerKey.valid_until) > func.now()),
        )
    )
    async with database.session() as session:
        rows = (await session.exec(query)).all()
    return {key_hash: Caller(buyer_id, key_id) for key_hash, buyer_id, key_id in rows}


async def _locked(session: AsyncSession, buyer_id: UUID) -> Buyer:
    if not (buyer := await session.get(Buyer, buyer_id, with_for_update=True)):
        raise NotFound
    return buyer


async def _create_key(
    session: AsyncSession, hash_key: bytes, buyer_id: UUID, now: datetime
) -> tuple[BuyerKey, str]:
    key = new_key("live")
    stored = BuyerKey(
        key_id=new_green_id(),
        buyer_id=buyer_id,
        key_hash=hash_of(hash_key, key),
        created_at=now,
    )
    await session.flush()  # the buyer first: a key refers to it
    session.add(stored)
    await outbox.record(session, [_key_changed(stored, now)])
    return stored, key


def _buyer_changed(buyer: Buyer, now: datetime) -> BuyerChanged:
    return BuyerChanged(
        buyer_id=buyer.buyer_id,
        version=buyer.version,
        occurred_at=now,
        name=buyer.name,
        country=buyer.country,
        language=buyer.language,
        time_zone=buyer.time_zone,
        undertaking_signed=buyer.undertaking_signed,
        active=buyer.active,
    )


def _key_changed(key: BuyerKey, now: datetime) -> KeyChanged:
    return KeyChanged(
        key_id=key.key_id,
        buyer_id=key.buyer_id,
        version=key.version,
        occurred_at=now,
        key_hash=key.key_hash,
        valid_until=key.valid_until,
    )
