"""Officers come, get a key, and go."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_cases.auth import Caller
from tocsin_cases.officers import audit
from tocsin_cases.officers.audit import Move
from tocsin_cases.officers.models import Officer
from tocsin_common.auth import hash_of, new_key
from tocsin_common.database import Database
from tocsin_common.problems import NotFound
from tocsin_contracts.ids import new_amber_id


async def create(session: AsyncSession, hash_key: bytes, name: str) -> tuple[UUID, str]:
    """Register an officer; return the id and the key, which is stored nowhere."""
    officer_id, key = new_amber_id(), new_key("officer")
    session.add(
        Officer(
            id=officer_id,
            name=name,
            key_hash=hash_of(hash_key, key),
            created_at=datetime.now(UTC),
        )
    )
    await session.flush()
    await audit.note(session, Move.OFFICER_CREATED, subject_id=officer_id)
    return officer_id, key


async def disable(session: AsyncSession, officer_id: UUID) -> None:
    """Refuse an officer's key from now on; what the officer did stays on record.

    Raises:
        NotFound: there is no such officer.
    """
    officer = await session.get(Officer, officer_id)
    if officer is None:
        raise NotFound
    if officer.disabled_at is None:
        officer.disabled_at = datetime.now(UTC)
        await audit.note(session, Move.OFFICER_DISABLED, subject_id=officer_id)


async def page(session: AsyncSession, *, after: UUID, limit: int) -> Sequence[Officer]:
    """Officers in the order they were registered."""
    query = select(Officer).where(col(Officer.id) > after).order_by(col(Officer.id)).limit(limit)
    return (await session.exec(query)).all()


async def by_key(database: Database) -> Mapping[bytes, Caller]:
    """Every valid key's officer, to be held in memory."""
    query = select(Officer.key_hash, Officer.id).where(col(Officer.disabled_at).is_(None))
    async with database.session() as session:
        return {key_hash: Caller(found) for key_hash, found in (await session.exec(query)).all()}
