"""Gathers digests in the background, a bounded number of alerts at a time."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from tocsin_common.database import Database
from tocsin_common.errors import place_of
from tocsin_notifications.digests import service

log = logging.getLogger("tocsin.digests")


class Gathering:
    """Looks every so often for what is ripe; in how many processes does not matter."""

    def __init__(self, database: Database, wake: Callable[[], None], every: float) -> None:
        self._database = database
        self._wake = wake
        self._every = every

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Gather until the block ends."""
        task = asyncio.create_task(self._for_ever())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _for_ever(self) -> None:
        while True:
            found = 0
            try:
                async with self._database.begin() as tx:
                    found = await service.gather(tx)
                if found:
                    self._wake()
            except Exception as error:
                log.warning("digests could not be gathered: %s", place_of(error))
            if found < service.MOST_AT_ONCE:
                await asyncio.sleep(self._every)
