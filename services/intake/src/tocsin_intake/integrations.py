"""Hotlines' technical connections: who they are, what they default to, how they sign."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common import auth
from tocsin_common.database import Database
from tocsin_common.problems import Invalid
from tocsin_contracts.ids import new_amber_id
from tocsin_intake.models import Integration, IntegrationKey
from tocsin_intake.schemas import IntegrationDefaults, NewIntegration, WhatsAppSecrets
from tocsin_intake.vault import Vault


@dataclass(frozen=True, slots=True)
class Hotline:
    """An integration as a request meets it."""

    integration_id: UUID
    adapter: str
    defaults: IntegrationDefaults
    whatsapp_cloud: WhatsAppSecrets | None = None


class SecretsMissing(Invalid):
    """An adapter that cannot check signatures would take anybody's word."""

    code = "secrets_missing"
    detail = "This adapter needs the secrets of the hotline's own system."


async def create(
    session: AsyncSession, vault: Vault, hash_key: bytes, new: NewIntegration
) -> tuple[UUID, str]:
    """Register an integration; return its id and its first key.

    Raises:
        SecretsMissing: the adapter needs secrets that were not sent.
    """
    if new.adapter == "whatsapp_cloud" and not new.whatsapp_cloud:
        raise SecretsMissing
    integration_id, now = new_amber_id(), datetime.now(UTC)
    sealed = None
    if new.whatsapp_cloud:
        secrets = new.whatsapp_cloud.model_dump_json().encode()
        sealed = vault.seal_secrets(integration_id, secrets)
    session.add(
        Integration(
            id=integration_id,
            name=new.name,
            adapter=new.adapter,
            defaults=new.defaults.model_dump(mode="json"),
            sealed_secrets=sealed,
            created_at=now,
        )
    )
    await session.flush()
    key = auth.new_key("live")
    session.add(
        IntegrationKey(
            key_hash=auth.hash_of(hash_key, key), integration_id=integration_id, created_at=now
        )
    )
    return integration_id, key


async def page(session: AsyncSession, *, after: UUID | None, limit: int) -> list[Integration]:
    """Integrations in the order they were registered."""
    query = select(Integration).order_by(col(Integration.id)).limit(limit)
    if after:
        query = query.where(col(Integration.id) > after)
    return list((await session.exec(query)).all())


async def by_key(database: Database, vault: Vault) -> Mapping[bytes, Hotline]:
    """Every valid key's hotline, to be held in memory."""
    query = (
        select(IntegrationKey.key_hash, Integration)
        .join(Integration, col(Integration.id) == col(IntegrationKey.integration_id))
        .where(
            col(Integration.disabled_at).is_(None),
            or_(
                col(IntegrationKey.valid_until).is_(None),
                col(IntegrationKey.valid_until) > func.now(),
            ),
        )
    )
    async with database.session() as session:
        rows = (await session.exec(query)).all()
    return {key_hash: _hotline(integration, vault) for key_hash, integration in rows}


def _hotline(integration: Integration, vault: Vault) -> Hotline:
    secrets = None
    if integration.sealed_secrets:
        opened = vault.open_secrets(integration.id, integration.sealed_secrets)
        secrets = WhatsAppSecrets.model_validate_json(opened)
    return Hotline(
        integration_id=integration.id,
        adapter=integration.adapter,
        defaults=IntegrationDefaults.model_validate(integration.defaults),
        whatsapp_cloud=secrets,
    )
