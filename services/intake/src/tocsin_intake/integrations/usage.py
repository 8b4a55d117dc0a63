"""When integrations and their keys were last used: noted in memory, written once a minute."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from uuid import UUID

from tocsin_common.database import Database, driver
from tocsin_common.rounds import Rounds
from tocsin_intake.integrations.hotline import Hotline

EVERY = 60.0  # seconds

_INTEGRATIONS = """
update integration set last_used_at = greatest(last_used_at, used.at)
from unnest($1::uuid[], $2::timestamptz[]) as used(id, at) where integration.id = used.id
"""
_KEYS = """
update integration_key set last_used_at = greatest(last_used_at, used.at)
from unnest($1::uuid[], $2::timestamptz[]) as used(id, at) where integration_key.key_id = used.id
"""


class Usage:
    """Notes without a statement per request; a process that is killed forgets a minute."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._integrations: dict[UUID, datetime] = {}
        self._keys: dict[UUID, datetime] = {}

    def note(self, hotline: Hotline) -> None:
        """Remember that it spoke, to the minute."""
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        self._integrations[hotline.integration_id] = now
        if hotline.key_id:
            self._keys[hotline.key_id] = now

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Write every minute, and once more at the end."""
        try:
            async with Rounds("usage", self.write, every=EVERY).running():
                yield
        finally:
            with suppress(Exception):  # the database is away: a minute is forgotten
                await self.write()

    async def write(self) -> None:
        """Write what was noted; what cannot be written now is noted still."""
        integrations, self._integrations = self._integrations, {}
        keys, self._keys = self._keys, {}
        if not integrations:
            return
        try:
            async with self._database.begin() as tx:
                connection = await driver(tx)
                await connection.execute(_INTEGRATIONS, *_columns(integrations))
                await connection.execute(_KEYS, *_columns(keys))
        except Exception:
            self._integrations = integrations | self._integrations
            self._keys = keys | self._keys
            raise


def _columns(used: Mapping[UUID, datetime]) -> tuple[list[UUID], list[datetime]]:
    ids = sorted(used)
    return ids, [used[one] for one in ids]
