"""Wakes in every slot, releases what is due, and then plans what comes next.

What was said before a slot counts in it, though it is heard a moment later: a hold, a withdrawal,
a refusal. So nothing leaves before the slot's grace is over and all of that has been heard.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta

from tocsin_cases.disclosure import planning, schedule, service
from tocsin_cases.disclosure.schedule import Calendar
from tocsin_cases.disclosure.terms import Terms
from tocsin_common.database import Database
from tocsin_common.rounds import NO_PAUSE, Rounds
from tocsin_common.telemetry import counter

log = logging.getLogger("tocsin.slots")
slot_work = counter("slot_work_total", "Work done in slots, by outcome", ["outcome"])

LONGEST_NAP = 60.0  # seconds; the clock may be set while we sleep
SOON = 0.5  # seconds after a failure, doubling
LONGEST_PAUSE = 5.0  # seconds; a slot that begins meanwhile waits no longer
LATE = timedelta(minutes=1)  # an arrival of the last moment is heard by then, whatever waits

Hearing = Callable[[], Awaitable[bool]]
"""Whether all is heard that sources and hotlines have said so far."""


class NotHeard(Exception):
    """Somebody may have said that it must not leave."""


async def _everything() -> bool:
    return True


class SlotKeeper:
    """One in every process that works; whoever is first in a slot leaves the others nothing."""

    def __init__(self, database: Database, terms: Terms, has_heard: Hearing = _everything) -> None:
        self._database = database
        self._terms = terms
        self._has_heard = has_heard
        slots = terms.slots
        grace = min(LATE, slots.shortest_gap / 4)
        self._releasing = OnceASlot("release", slots, grace, self._release)
        self._planning = OnceASlot("plan", slots, 2 * grace, self._plan)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Keep the slots until the block ends; one that was missed is made up for at once."""
        async with self._releasing.running(), self._planning.running():
            yield

    async def _release(self, slot: datetime) -> None:
        if not await self._has_heard():
            raise NotHeard
        if left := await service.release(self._database, self._terms, slot):
            log.info("released in the slot: %d", left)

    async def _plan(self, slot: datetime) -> None:
        if planned := await planning.plan(self._database, self._terms, slot, datetime.now(UTC)):
            log.info("planned for later slots: %d", planned)


class OnceASlot:
    """Work that each slot wants once; while it fails, it is tried again until the next slot."""

    def __init__(
        self,
        name: str,
        slots: Calendar,
        after: timedelta,
        work: Callable[[datetime], Awaitable[None]],
    ) -> None:
        """Make it.

        Args:
            name: what is done.
            slots: when.
            after: how long after a slot its work begins.
            work: what a slot wants.
        """
        self._name = name
        self._slots = slots
        self._after = after
        self._work = work
        self._done = datetime.min.replace(tzinfo=UTC)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Do the work of every slot until the block ends."""
        return Rounds(
            self._name, self._look, every=LONGEST_NAP, soon=SOON, longest=LONGEST_PAUSE
        ).running()

    async def _look(self) -> timedelta:
        """Do the work of the newest slot, if it is still to be done; say when to look again."""
        slot = self._slots.last_slot(datetime.now(UTC) - self._after)
        if slot > self._done:
            await self._do(slot)
            self._done = slot
        following = schedule.next_slot(self._slots, slot) + self._after
        nap = min(following - datetime.now(UTC), timedelta(seconds=LONGEST_NAP))
        return max(nap, NO_PAUSE)

    async def _do(self, slot: datetime) -> None:
        try:
            await self._work(slot)
        except Exception:
            slot_work.labels("failed").inc()
            raise
        slot_work.labels("done").inc()
