"""How late deliveries are, for whoever watches the installation."""

from contextlib import AbstractAsyncContextManager

from tocsin_common.database import Database
from tocsin_common.rounds import Rounds
from tocsin_common.telemetry import gauge
from tocsin_notifications.deliveries import queue

EVERY = 5.0  # seconds between measurements
lag = gauge("deliveries_lag_seconds", "How long the delivery that waits longest has been due")


class Lag:
    """Measures in the background."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def running(self) -> AbstractAsyncContextManager[None]:
        """Measure until the block ends."""
        return Rounds("lag", self._measure, every=EVERY).running()

    async def _measure(self) -> None:
        async with self._database.begin() as tx:
            lag.set(await queue.lag(tx))
