"""Wakes in every slot, releases what is due, and then plans what comes next."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from tocsin_cases.disclosure import planning, schedule, service
from tocsin_cases.disclosure.terms import Terms
from tocsin_common.database import Database
from tocsin_common.errors import place_of
from tocsin_common.telemetry import counter

log = logging.getLogger("tocsin.slots")
slot_work = counter("slot_work_total", "Work done in slots, by outcome", ["outcome"])

LONGEST_NAP = 60.0  # seconds; the clock may be set while we sleep
PAUSE = 0.5  # seconds after a failure, doubling
LONGEST_PAUSE = 60.0
LATE = timedelta(minutes=1)  # an arrival of the last moment is heard by then, whatever waits


class SlotKeeper:
    """One in every process that works; whoever is first in a slot leaves the others nothing."""

    def __init__(self, database: Database, terms: Terms) -> None:
        self._database = database
        self._terms = terms

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Keep the slots until the block ends; one that was missed is made up for at once."""
        task = asyncio.create_task(self._keep_slots())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @property
    def grace(self) -> timedelta:
        """How long after a slot what comes next is planned."""
        return min(LATE, self._terms.slots.shortest_gap / 4)

    async def _keep_slots(self) -> None:
        slot = self._terms.slots.last_slot(datetime.now(UTC))
        while True:
            await self._until_done(self._release, slot)
            await _sleep_until(slot + self.grace)
            await self._until_done(self._plan, slot)
            slot = schedule.next_slot(self._terms.slots, max(datetime.now(UTC), slot))
            await _sleep_until(slot)

    async def _release(self, slot: datetime) -> None:
        if left := await service.release(self._database, self._terms, slot):
            log.info("released in the slot: %d", left)

    async def _plan(self, slot: datetime) -> None:
        if planned := await planning.plan(self._database, self._terms, slot, datetime.now(UTC)):
            log.info("planned for later slots: %d", planned)

    async def _until_done(
        self, work: Callable[[datetime], Awaitable[None]], slot: datetime
    ) -> None:
        """Do the work of a slot; while it fails, try again until the next slot comes."""
        pause = PAUSE
        following = schedule.next_slot(self._terms.slots, slot)
        while True:
            try:
                await work(slot)
            except Exception as error:
                slot_work.labels("failed").inc()
                log.warning("a slot's work failed: %s", place_of(error))
            else:
                slot_work.labels("done").inc()
                return
            if datetime.now(UTC) + timedelta(seconds=pause) >= following:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


async def _sleep_until(moment: datetime) -> None:
    """Return at `moment` by the clock on the wall, even if that is set in between."""
    while True:
        left = (moment - datetime.now(UTC)).total_seconds()
        if left <= 0:
            return
        await asyncio.sleep(min(left, LONGEST_NAP))
