"""Gathers digests in the background, a bounded number of alerts at a time."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from tocsin_common.database import Database
from tocsin_common.rounds import NO_PAUSE, Rounds
from tocsin_notifications.digests import service


class Gathering:
    """Looks every so often for what is ripe; in how many processes does not matter."""

    def __init__(self, database: Database, wake: Callable[[], None], every: float) -> None:
        self._database = database
        self._wake = wake
        self._every = every

    def running(self) -> AbstractAsyncContextManager[None]:
        """Gather until the block ends."""
        return Rounds("digests", self._gather, every=self._every).running()

    async def _gather(self) -> timedelta | None:
        async with self._database.begin() as tx:
            found = await service.gather(tx)
        if found:
            self._wake()
        return NO_PAUSE if found >= service.MOST_AT_ONCE else None
