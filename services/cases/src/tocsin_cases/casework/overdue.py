"""Measures the deadlines that were missed, so that somebody is told of them."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.casework.clocks import ACKNOWLEDGE_WITHIN
from tocsin_common.database import Database, driver
from tocsin_common.errors import place_of
from tocsin_common.telemetry import gauge

log = logging.getLogger("tocsin.clocks")

MEASURE = 60.0  # seconds between measurements
RETRY = 2.0  # seconds, when one failed: a service that starts before its database shows soon

missed = gauge("clocks_missed", "Complaints past a deadline, by which one", ["clock"])

_UNANSWERED = """
select count(*) from complaint
where acknowledged_at is null and withdrawn_at is null and status <> 'closed'
and received_at < $1
"""


async def unanswered(tx: AsyncConnection, now: datetime) -> int:
    """How many complaints nobody has taken up in the time for acknowledging them."""
    return await (await driver(tx)).fetchval(_UNANSWERED, now - ACKNOWLEDGE_WITHIN)


class Overdue:
    """Looks once a minute, in every process that works."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Measure until the block ends."""
        task = asyncio.create_task(self._measure_for_ever())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _measure_for_ever(self) -> None:
        while True:
            wait = MEASURE
            try:
                async with self._database.begin() as tx:
                    missed.labels("acknowledge").set(await unanswered(tx, datetime.now(UTC)))
            except Exception as error:
                log.info("missed deadlines could not be counted: %s", place_of(error))
                wait = RETRY
            await asyncio.sleep(wait)
