"""Registers integrations, changes them, and gives, rotates and takes back their keys."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common import auth
from tocsin_common.conditions import etag, require_match
from tocsin_common.problems import Invalid, NotFound
from tocsin_contracts.ids import new_amber_id
from tocsin_intake.integrations.hotline import Scope
from tocsin_intake.integrations.notices import Notices, possible, written
from tocsin_intake.integrations.schemas import (
    IntegrationChange,
    NewIntegration,
    NewKey,
    SystemChange,
    part_missing,
)
from tocsin_intake.integrations.sealed import SealedSystem
from tocsin_intake.integrations.systems import System
from tocsin_intake.models import Integration, IntegrationKey
from tocsin_intake.vault import Vault

MOST_KEYS = 20  # valid ones of one integration; more is a mistake in a script


class SecretsMissing(Invalid):
    """An adapter that cannot check signatures would take anybody's word."""

    code = "secrets_missing"
    detail = "This adapter needs the secrets of the hotline's own system."


class TooManyKeys(Invalid):
    """Nobody watches over so many."""

    code = "too_many_keys"
    detail = f"An integration has at most {MOST_KEYS} valid keys. Disable one first."


class NoticesNotPossible(Invalid):
    """The adapter is another, or nobody told how to speak to its system."""

    code = "notices_not_possible"
    detail = (
        "This way is that of another adapter, or needs more of the hotline's own system: a token "
        "and, for WhatsApp, the phone number's id; for Twilio, the account's SID."
    )


async def create(
    session: AsyncSession, vault: Vault, hash_key: bytes, new: NewIntegration
) -> tuple[Integration, str]:
    """Register an integration; return it and its first key.

    Raises:
        SecretsMissing: the adapter needs secrets that were not sent.
        NoticesNotPossible: what was told of its system is not enough for them.
    """
    if part_missing(new.adapter, new.system):
        raise SecretsMissing
    integration = Integration(
        id=new_amber_id(),
        name=new.name,
        adapter=new.adapter,
        defaults=new.defaults.model_dump(mode="json"),
        requests_per_minute=new.requests_per_minute,
        retention_days=new.retention_days,
        contact_key=new.contact_key,
        created_at=datetime.now(UTC),
    )
    if new.system != System():
        integration.sealed_secrets = SealedSystem(now=new.system).seal(vault, integration.id)
    if new.notices:
        set_notices(vault, integration, new.system, new.notices)
    session.add(integration)
    await session.flush()
    _, key = await add_key(session, hash_key, integration.id, NewKey())
    return integration, key


async def find(session: AsyncSession, integration_id: UUID, *, lock: bool = False) -> Integration:
    """Return one integration.

    Raises:
        NotFound: there is none.
    """
    query = select(Integration).where(col(Integration.id) == integration_id)
    found = (await session.exec(query.with_for_update() if lock else query)).one_or_none()
    if not found:
        raise NotFound
    return found


async def page(session: AsyncSession, *, after: UUID | None, limit: int) -> list[Integration]:
    """Integrations in the order they were registered."""
    query = select(Integration).order_by(col(Integration.id)).limit(limit)
    if after:
        query = query.where(col(Integration.id) > after)
    return list((await session.exec(query)).all())


async def change(
    session: AsyncSession, integration_id: UUID, wanted: IntegrationChange, if_match: str | None
) -> Integration:
    """Change name, defaults or limits.

    Raises:
        NotFound: there is none.
        IfMatchMissing, ChangedSince: the caller does not know the present state.
    """
    integration = await to_change(session, integration_id, if_match)
    for name in wanted.model_fields_set & {"name", "requests_per_minute", "retention_days"}:
        setattr(integration, name, getattr(wanted, name))
    if wanted.defaults:
        integration.defaults = wanted.defaults.model_dump(mode="json")
    return integration


async def change_system(
    session: AsyncSession,
    vault: Vault,
    integration_id: UUID,
    wanted: SystemChange,
    if_match: str | None,
) -> Integration:
    """Replace what is known of a hotline's own system; what it was overlaps for a while.

    Raises:
        SecretsMissing: the adapter needs secrets that were not sent.
    """
    integration = await to_change(session, integration_id, if_match)
    new = System.model_construct(**{name: getattr(wanted, name) for name in System.model_fields})
    if part_missing(integration.adapter, new):
        raise SecretsMissing
    before = SealedSystem.open(vault, integration)
    until = datetime.now(UTC) + timedelta(hours=wanted.overlap_hours)
    sealed = SealedSystem(now=new, before=before.now, before_until=until)
    integration.sealed_secrets = sealed.seal(vault, integration.id)
    return integration


def set_notices(
    vault: Vault, integration: Integration, system: System, wanted: Notices | None
) -> None:
    """Say how its workers are told that a message waits; `None`: by the hotline itself.

    Raises:
        NoticesNotPossible: what was told of its system is not enough.
    """
    if wanted and not possible(wanted, integration.adapter, system):
        raise NoticesNotPossible
    sealed = vault.seal_secrets(integration.id, written(wanted)) if wanted else None
    integration.sealed_notices = sealed


async def disable(
    session: AsyncSession, integration_id: UUID, if_match: str | None, *, disabled: bool
) -> Integration:
    """Refuse an integration everywhere within seconds, or take it back."""
    integration = await to_change(session, integration_id, if_match)
    integration.disabled_at = datetime.now(UTC) if disabled else None
    return integration


async def to_change(
    session: AsyncSession, integration_id: UUID, if_match: str | None
) -> Integration:
    """Return an integration to be changed, in its next version.

    Raises:
        NotFound: there is none.
        IfMatchMissing, ChangedSince: the caller does not know the present state.
    """
    integration = await find(session, integration_id, lock=True)
    require_match(if_match, etag(integration.version))
    integration.version += 1
    session.add(integration)
    return integration


async def add_key(
    session: AsyncSession, hash_key: bytes, integration_id: UUID, new: NewKey
) -> tuple[IntegrationKey, str]:
    """Give an integration another key; return it and what is shown once.

    Raises:
        NotFound: there is no such integration.
        TooManyKeys: it has enough.
    """
    await find(session, integration_id, lock=True)
    if len(await _valid_keys(session, integration_id)) >= MOST_KEYS:
        raise TooManyKeys
    key = auth.new_key("test" if new.test else "live")
    stored = IntegrationKey(
        key_hash=auth.hash_of(hash_key, key),
        key_id=new_amber_id(),
        integration_id=integration_id,
        scopes=[str(scope) for scope in new.scopes],
        test=new.test,
        created_at=datetime.now(UTC),
    )
    session.add(stored)
    await session.flush()
    return stored, key


async def rotate(
    session: AsyncSession, hash_key: bytes, integration_id: UUID, overlap: timedelta
) -> tuple[IntegrationKey, str]:
    """Give a new live key; the live keys of before end after `overlap`.

    Raises:
        NotFound: there is no such integration.
    """
    await find(session, integration_id, lock=True)
    until = datetime.now(UTC) + overlap
    before = [key for key in await _valid_keys(session, integration_id) if not key.test]
    for key in before:
        key.valid_until = min(until, key.valid_until or until)
        session.add(key)
    scopes = {Scope(scope) for key in before for scope in key.scopes} or set(Scope)
    await session.flush()
    return await add_key(session, hash_key, integration_id, NewKey(scopes=sorted(scopes)))


async def keys_of(session: AsyncSession, integration_id: UUID) -> Sequence[IntegrationKey]:
    """The newest keys of an integration, valid or not.

    Raises:
        NotFound: there is no such integration.
    """
    await find(session, integration_id)
    query = (
        select(IntegrationKey)
        .where(col(IntegrationKey.integration_id) == integration_id)
        .order_by(col(IntegrationKey.created_at).desc())
        .limit(100)
    )
    return (await session.exec(query)).all()


async def disable_key(session: AsyncSession, integration_id: UUID, key_id: UUID) -> None:
    """Refuse a key: everywhere within five seconds.

    Raises:
        NotFound: the integration has no such key.
    """
    query = select(IntegrationKey).where(
        col(IntegrationKey.integration_id) == integration_id, col(IntegrationKey.key_id) == key_id
    )
    key = (await session.exec(query.with_for_update())).one_or_none()
    if not key:
        raise NotFound
    now = datetime.now(UTC)
    key.valid_until = min(now, key.valid_until or now)
    session.add(key)


async def _valid_keys(session: AsyncSession, integration_id: UUID) -> Sequence[IntegrationKey]:
    query = select(IntegrationKey).where(
        col(IntegrationKey.integration_id) == integration_id,
        or_(
            col(IntegrationKey.valid_until).is_(None),
            col(IntegrationKey.valid_until) > datetime.now(UTC),
        ),
    )
    return (await session.exec(query)).all()
