"""Every integration that may speak, to be held in memory."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from pydantic import ValidationError
from sqlalchemy import func, or_
from sqlmodel import col, select

from tocsin_common.database import Database
from tocsin_common.errors import place_of
from tocsin_common.sealing import Unreadable
from tocsin_intake.integrations import sealed
from tocsin_intake.integrations.hotline import Hotline, Limits, Scope
from tocsin_intake.integrations.notices import Notices
from tocsin_intake.integrations.sealed import SealedSystem
from tocsin_intake.integrations.systems import System
from tocsin_intake.models import Integration, IntegrationKey
from tocsin_intake.schemas import IntegrationDefaults
from tocsin_intake.vault import Vault

log = logging.getLogger("tocsin.integrations")


async def by_key(database: Database, vault: Vault) -> Mapping[bytes, Hotline]:
    """Every enabled integration by each of its valid keys' hashes, and by its id's bytes."""
    integrations = select(Integration).where(col(Integration.disabled_at).is_(None))
    keys = select(IntegrationKey).where(
        or_(
            col(IntegrationKey.valid_until).is_(None),
            col(IntegrationKey.valid_until) > func.now(),
        )
    )
    async with database.session() as session:
        enabled = (await session.exec(integrations)).all()
        valid = (await session.exec(keys)).all()
    hotlines = {one.id.bytes: _hotline(one, vault) for one in enabled}
    keyed = {
        key.key_hash: replace(
            hotlines[key.integration_id.bytes],
            key_id=key.key_id,
            scopes=frozenset(map(Scope, key.scopes)),
            test=key.test,
        )
        for key in valid
        if key.integration_id.bytes in hotlines
    }
    return hotlines | keyed


def _hotline(integration: Integration, vault: Vault) -> Hotline:
    return Hotline(
        integration_id=integration.id,
        adapter=integration.adapter,
        defaults=IntegrationDefaults.model_validate(integration.defaults),
        systems=_systems(integration, vault),
        limits=Limits(integration.requests_per_minute),
        contact_key=integration.contact_key,
        notices=_notices(integration, vault),
    )


def _systems(integration: Integration, vault: Vault) -> tuple[System, ...]:
    """Without what does not open: its adapter refuses everything, and no other suffers by it."""
    try:
        return SealedSystem.open(vault, integration).valid()
    except (Unreadable, ValidationError) as error:
        log.warning("an integration's system is not known: %s", place_of(error))
        return ()


def _notices(integration: Integration, vault: Vault) -> Notices | None:
    """Without what does not open: the hotline is asked to tell its workers itself."""
    try:
        return sealed.notices_of(vault, integration)
    except (Unreadable, ValidationError) as error:
        log.warning("an integration's notices are not known: %s", place_of(error))
        return None
