"""Rotation: every data key is wrapped anew under the current key; no content is touched."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_intake.vault.keys import ID_BYTES
from tocsin_intake.vault.sealing import Vault

AT_ONCE = 500  # keys in one transaction

_OLD = """
select complaint_id, wrapped from data_key
where complaint_id > $1 and substr(wrapped, 1, $2) <> $3
order by complaint_id limit $4 for update
"""
_REWRAP = """
update data_key set wrapped = fresh.wrapped
from unnest($1::uuid[], $2::bytea[]) as fresh(complaint_id, wrapped)
where data_key.complaint_id = fresh.complaint_id
"""
_LEFT = "select count(*) from data_key where substr(wrapped, 1, $1) <> $2"
_OLD_SECRETS = """
select id, sealed_secrets, sealed_notices from integration
where substr(sealed_secrets, 1, $1) <> $2 or substr(sealed_notices, 1, $1) <> $2
order by id limit $3 for update
"""
_RESEAL = """
update integration set sealed_secrets = fresh.secrets, sealed_notices = fresh.notices
from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as fresh(id, secrets, notices)
where integration.id = fresh.id
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rotation is. It may be left off and gone on with at any time."""

    rewrapped: int
    left: int
    last: UUID
    """Where to go on."""


async def rotate(tx: AsyncConnection, vault: Vault, after: UUID) -> Progress:
    """Wrap some keys anew, after that of `after`; when none is left, hotlines' secrets too.

    Raises:
        Unreadable: a key was wrapped by one that is not known here; nothing was changed.
    """
    connection, current = await driver(tx), vault.keys.current
    rows = await connection.fetch(_OLD, after, ID_BYTES, current, AT_ONCE)
    fresh = {row["complaint_id"]: vault.rewrap(row["complaint_id"], row["wrapped"]) for row in rows}
    await connection.execute(_REWRAP, list(fresh), list(fresh.values()))
    left = await connection.fetchval(_LEFT, ID_BYTES, current)
    if not rows:
        secrets = await connection.fetch(_OLD_SECRETS, ID_BYTES, current, AT_ONCE)
        await connection.execute(
            _RESEAL,
            [row["id"] for row in secrets],
            [_resealed(vault, row["id"], row["sealed_secrets"]) for row in secrets],
            [_resealed(vault, row["id"], row["sealed_notices"]) for row in secrets],
        )
        return Progress(len(secrets), left, after)
    return Progress(len(rows), left, rows[-1]["complaint_id"])


def _resealed(vault: Vault, integration_id: UUID, sealed: bytes | None) -> bytes | None:
    return vault.rewrap(integration_id, sealed) if sealed else None
