"""How late deliveries are, for whoever watches the installation."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tocsin_common.database import Database
from tocsin_common.errors import place_of
from tocsin_common.telemetry import gauge
from tocsin_notifications.deliveries import queue

log = logging.getLogger("tocsin.delivery")

EVERY = 5.0  # seconds between measurements
lag = gauge("deliveries_lag_seconds", "How long the delivery that waits longest has been due")


class Lag:
    """Measures in the background."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Measure until the block ends."""
        task = asyncio.create_task(self._for_ever())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _for_ever(self) -> None:
        while True:
            try:
                async with self._database.begin() as tx:
                    lag.set(await queue.lag(tx))
            except Exception as error:
                log.info("the lag could not be measured: %s", place_of(error))
            await asyncio.sleep(EVERY)
