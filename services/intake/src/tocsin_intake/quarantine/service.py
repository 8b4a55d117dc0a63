"""Keeps what an adapter does not know, lists it by its metadata, and lets go of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.database import Database, driver
from tocsin_common.keyed import keyed_hash
from tocsin_common.problems import NotFound, Unavailable
from tocsin_common.sealing import new_key
from tocsin_contracts.ids import new_amber_id
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.models import DataKey, Quarantined
from tocsin_intake.vault import Compartment, Vault

KEPT = timedelta(days=30)
"""After that it goes, seen or not."""
MOST = 10_000
"""Of one integration: a system that sends more than that which nobody understands must wait."""
PAYLOAD = b"payload"
AT_ONCE = 1000

_COUNT = "select count(*) from quarantined where integration_id = $1"
_KEEP = """
with kept as (
    insert into quarantined
        (id, integration_id, adapter, received_at, size, reason, digest, sealed)
    select id, $7, $8, now(), size, reason, digest, sealed
    from unnest($1::uuid[], $2::int[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[])
        as new(id, size, reason, digest, sealed, wrapped)
    on conflict (digest) do nothing returning id
)
insert into data_key (complaint_id, wrapped)
select new.id, new.wrapped from unnest($1::uuid[], $6::bytea[]) as new(id, wrapped)
join kept on kept.id = new.id
"""
_DROP = """
with gone as (delete from quarantined where id = any($1::uuid[]) returning id)
delete from data_key using gone where complaint_id = gone.id
"""
_OLD = "select id from quarantined where received_at < $1 order by received_at limit $2"


@dataclass(frozen=True, slots=True)
class _Kept:
    id: UUID
    size: int
    reason: str
    digest: bytes
    sealed: bytes
    wrapped: bytes


class Quarantine:
    """The sealed store of what was not understood; each payload has a data key of its own."""

    def __init__(self, database: Database, vault: Vault, hash_key: bytes) -> None:
        self._database = database
        self._vault = vault
        self._hash_key = hash_key

    async def keep(self, hotline: Hotline, parts: Sequence[tuple[str, str]]) -> None:
        """Keep payloads, each with its reason; one that is kept already stays one.

        Raises:
            Unavailable: there is no room before somebody has looked.
        """
        if not parts:
            return
        rows = [self._seal(hotline, reason, payload) for reason, payload in parts]
        async with self._database.begin() as tx:
            connection = await driver(tx)
            if await connection.fetchval(_COUNT, hotline.integration_id) >= MOST:
                raise Unavailable("Nothing was done. The quarantine is full: ask the operator.")
            await connection.execute(
                _KEEP,
                *([getattr(row, name) for row in rows] for name in _Kept.__dataclass_fields__),
                hotline.integration_id,
                hotline.adapter,
            )

    def _seal(self, hotline: Hotline, reason: str, payload: str) -> _Kept:
        key, own_id = new_key(), new_amber_id()
        scope = hotline.integration_id.bytes
        return _Kept(
            id=own_id,
            size=len(payload),
            reason=reason,
            digest=keyed_hash(self._hash_key, "quarantine", scope, payload),
            sealed=Compartment(own_id, key).seal(PAYLOAD, payload),
            wrapped=self._vault.keys.wrap(key, about=own_id.bytes),
        )

    async def opened(self, session: AsyncSession, kept: Quarantined) -> str:
        """Open a payload, to be translated again.

        Raises:
            NotFound: its key is gone.
            Unreadable: it was sealed under another key.
        """
        if not (key := await session.get(DataKey, kept.id)):
            raise NotFound
        return self._vault.compartment(kept.id, key.wrapped).open(PAYLOAD, kept.sealed)


async def find(session: AsyncSession, quarantined_id: UUID) -> Quarantined:
    """Return one, locked, so that it is replayed once.

    Raises:
        NotFound: there is none.
    """
    query = select(Quarantined).where(col(Quarantined.id) == quarantined_id).with_for_update()
    if not (found := (await session.exec(query)).one_or_none()):
        raise NotFound
    return found


async def page(
    session: AsyncSession, integration_id: UUID | None, *, after: UUID | None, limit: int
) -> list[Quarantined]:
    """What is kept, oldest first."""
    query = select(Quarantined).order_by(col(Quarantined.id)).limit(limit)
    if integration_id:
        query = query.where(col(Quarantined.integration_id) == integration_id)
    if after:
        query = query.where(col(Quarantined.id) > after)
    return list((await session.exec(query)).all())


async def drop(tx: AsyncConnection, quarantined_ids: Sequence[UUID]) -> int:
    """Let payloads go, with their keys; return how many there were."""
    done = await (await driver(tx)).execute(_DROP, quarantined_ids)
    return int(done.split()[-1])


async def purge(tx: AsyncConnection, before: datetime | None = None) -> int:
    """Let go of up to `AT_ONCE` that are older than `KEPT`, or came before; return how many."""
    oldest = before or datetime.now(UTC) - KEPT
    rows = await (await driver(tx)).fetch(_OLD, oldest, AT_ONCE)
    return await drop(tx, [row["id"] for row in rows])
