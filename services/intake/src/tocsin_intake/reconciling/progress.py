"""How far each integration has been read; one process at a time reads on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tocsin_common.database import Database, driver

EVERY = timedelta(minutes=5)
LEASE = timedelta(minutes=30)  # longer than all pages of one turn may take
BEFORE = timedelta(days=1)  # what was sent so long before the first turn is read as well

_BEGIN = """
insert into reconciliation (integration_id, began, newest, after_new, after_edited, due_at)
values ($1, now() - $2::interval, now() - $2::interval, 0, 0, now()) on conflict do nothing
"""
_CLAIM = """
update reconciliation set due_at = now() + $2::interval
where integration_id = $1 and (due_at <= now() or $3)
returning began, newest, after_new, after_edited
"""
_KEEP = """
update reconciliation
set newest = $2, after_new = $3, after_edited = $4, due_at = now() + $5::interval
where integration_id = $1
"""
_AGAIN = "update reconciliation set due_at = now() + $2::interval where integration_id = $1"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an integration's reading stands."""

    began: datetime
    newest: datetime
    """When the youngest form that was read had been sent."""
    after_new: int
    """In the middle of a backlog: the last number that was read. 0: all was read."""
    after_edited: int
    """The same of those that were edited, from which reading begins anew at their end."""


class Ledger:
    """The progress of all integrations, in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, integration_id: UUID, *, at_once: bool) -> Progress | None:
        """Return where to go on, if it is due and nobody else is at it."""
        async with self._database.begin() as tx:
            connection = await driver(tx)
            await connection.execute(_BEGIN, integration_id, BEFORE)
            row = await connection.fetchrow(_CLAIM, integration_id, LEASE, at_once)
        return Progress(**row) if row else None

    async def keep(self, integration_id: UUID, progress: Progress, *, more: bool) -> None:
        """Remember how far it is; with more to read, go on at once."""
        pause = timedelta() if more else EVERY
        one = progress
        async with self._database.begin() as tx:
            await (await driver(tx)).execute(
                _KEEP, integration_id, one.newest, one.after_new, one.after_edited, pause
            )

    async def put_off(self, integration_id: UUID) -> None:
        """Come back later: nothing was kept, so all of it is read again."""
        async with self._database.begin() as tx:
            await (await driver(tx)).execute(_AGAIN, integration_id, EVERY)
