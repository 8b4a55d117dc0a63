"""Lets go of what is older than its place in the register allows, some at a time (V10)."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import Database, driver
from tocsin_common.places import Place
from tocsin_common.rounds import Rounds
from tocsin_common.telemetry import counter

log = logging.getLogger("tocsin.keeping")
let_go = counter("let_go_total", "Rows that were let go at their greatest age", ["outcome"])

EVERY = 3600.0  # seconds between looks
AT_ONCE = 1000  # rows in one transaction
NEVER_MEANT_TO = frozenset({"outbox", "parked"})
"""Where nothing grows so old unless somebody was told of it for weeks."""


def statement(table: str, place: Place) -> str:
    """Of the `$2` oldest rows of a table, delete those older than `$1`; an index finds them."""
    only = f"where {place.only}" if place.only else ""
    return f"""
    with oldest as (
        select ctid as place, {place.aged_by} as since from "{table}" {only}
        order by {place.order or place.aged_by} limit $2
    )
    delete from "{table}" gone using oldest
    where gone.ctid = oldest.place and oldest.since < now() - $1::interval
    """  # noqa: S608 - names from the register


Purge = Callable[[AsyncConnection], Awaitable[int]]
"""Lets go of some of what is too old, and says of how much; of nothing once it is through."""


class Keeping:
    """One in every process that works; doing it twice changes nothing."""

    def __init__(
        self, database: Database, places: Mapping[str, Place], own: Sequence[Purge] = ()
    ) -> None:
        """Make it.

        Args:
            database: the service's own.
            places: its register.
            own: what lets go where an age alone does not say what goes.
        """
        self._database = database
        self._own = own
        self._aging = {
            table: (place.longest, statement(table, place))
            for table, place in places.items()
            if place.aged_by and place.longest
        }

    def running(self) -> AbstractAsyncContextManager[None]:
        """Let go in the background until the block ends."""
        return Rounds("keeping", self._round, every=EVERY).running()

    async def let_go(self) -> int:
        """Let go of everything that is too old; return how much that was."""
        total = 0
        for table, (longest, delete) in self._aging.items():
            gone = await self._let_go_of(delete, longest)
            let_go.labels(table).inc(gone)
            if gone and table in NEVER_MEANT_TO:
                log.error("events were given up after %d days: %d", longest.days, gone)
            total += gone
        for purge in self._own:
            while gone := await self._some(purge):
                total += gone
        return total

    async def _some(self, purge: Purge) -> int:
        async with self._database.begin() as tx:
            return await purge(tx)

    async def _let_go_of(self, delete: str, longest: timedelta) -> int:
        total = 0
        while True:
            async with self._database.begin() as tx:
                done = await (await driver(tx)).execute(delete, longest, AT_ONCE)
            gone = int(done.split()[-1])
            total += gone
            if gone < AT_ONCE:
                return total

    async def _round(self) -> None:
        await self.let_go()
