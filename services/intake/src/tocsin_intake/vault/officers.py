"""Officers who may open words: registered here by the operator, with a key of intake's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Depends, Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.auth import KeyRing, hash_of, new_key, scheme
from tocsin_common.database import Database
from tocsin_common.problems import Conflict, NotFound
from tocsin_contracts.vault import Reason
from tocsin_intake.vault import tokens
from tocsin_intake.vault.models import Officer
from tocsin_intake.vault.tokens import Purpose, Token


@dataclass(frozen=True, slots=True)
class VaultOfficer:
    """An officer at intake's door."""

    officer_id: UUID


class OfficerKnown(Conflict):
    """The officer has a key already."""

    code = "officer_known"
    detail = "This officer is registered. Disable the officer first to give a new key."


async def register(session: AsyncSession, hash_key: bytes, officer_id: UUID) -> str:
    """Give an officer, known by cases' id, a key of intake's own; return it.

    Raises:
        OfficerKnown: the officer has one that works.
    """
    known = await session.get(Officer, officer_id, with_for_update=True)
    if known and known.disabled_at is None:
        raise OfficerKnown
    key, now = new_key("vault"), datetime.now(UTC)
    officer = known or Officer(id=officer_id, key_hash=b"", created_at=now)
    officer.key_hash, officer.disabled_at = hash_of(hash_key, key), None
    session.add(officer)
    await session.flush()
    return key


async def disable(session: AsyncSession, officer_id: UUID) -> None:
    """Refuse an officer's key and tokens from now on.

    Raises:
        NotFound: there is no such officer.
    """
    officer = await session.get(Officer, officer_id, with_for_update=True)
    if officer is None:
        raise NotFound
    officer.disabled_at = officer.disabled_at or datetime.now(UTC)
    session.add(officer)


async def by_key(database: Database) -> Mapping[bytes, VaultOfficer]:
    """Every valid key's officer, to be held in memory."""
    query = select(Officer.key_hash, Officer.id).where(col(Officer.disabled_at).is_(None))
    async with database.session() as session:
        return {key: VaultOfficer(found) for key, found in (await session.exec(query)).all()}


def new_token(
    hash_key: bytes, officer_id: UUID, complaint_id: UUID, reason: Reason, purpose: Purpose
) -> tuple[str, datetime]:
    """Write an officer's token; return it, and when it ends."""
    now = datetime.now(UTC)
    token = Token(
        token_id=uuid4(),
        issued_at=now,
        purpose=purpose,
        officer_id=officer_id,
        complaint_id=complaint_id,
        reason=reason,
    )
    return tokens.issue(hash_key, token), now + tokens.VALID


async def _officer(request: Request, _: Annotated[object, Depends(scheme)]) -> VaultOfficer:
    ring: KeyRing[VaultOfficer] = request.app.state.vault_officers
    return await ring.caller(request)


CallingOfficer = Annotated[VaultOfficer, Depends(_officer)]
