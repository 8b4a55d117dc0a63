"""What `python -m tocsin_<service> retell` does: tells everything again, and sees it shipped."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from tocsin_common import outbox
from tocsin_common.errors import is_outage, place_of
from tocsin_common.retelling import Position, Retelling

T = TypeVar("T")

log = logging.getLogger("tocsin.retelling")

PATIENCE = 60.0  # seconds in which nothing moves
PAUSE = 0.1  # seconds while the outbox is long
SOON = 1.0  # seconds after a failure


class Stuck(Exception):
    """Nothing moves. What was recorded stays in the outbox, and goes out once it can."""

    advice = ""


class NotShipped(Stuck):
    """NATS takes nothing of what waits in the outbox."""

    advice = (
        "Is nats-server running and provisioned, has the stream room? A full one grows with"
        " TOCSIN_STREAM_MAX_BYTES and `provision`. Then run this again: nothing is doubled."
    )


class NotRead(Stuck):
    """The database does not answer."""

    advice = "Is PostgreSQL running? Then run this again: nothing is doubled."


@dataclass
class Summary:
    """What was told again, by chapter."""

    told: Counter[str] = field(default_factory=Counter[str])
    left_out: Counter[str] = field(default_factory=Counter[str])


async def tell_all(retelling: Retelling, patience: float = PATIENCE) -> Summary:
    """Tell everything again, and return once all of it has been shipped.

    Raises:
        NotShipped: NATS takes nothing.
        NotRead: the database does not answer.
    """
    return await _Telling(retelling, patience).to_the_end()


class _Telling:
    """One telling, and when something last moved in it."""

    def __init__(self, retelling: Retelling, patience: float) -> None:
        self._retelling = retelling
        self._patience = patience
        self._moved_at = time.monotonic()
        self._oldest: int | None = None
        self._summary = Summary()

    async def to_the_end(self) -> Summary:
        totals = await self._steadily(self._retelling.totals)
        position: Position | None = None
        while totals and (position := await self._step(totals, position)):
            pass
        last = await self._steadily(self._newest)
        await self._until(lambda oldest: oldest is None or oldest > last)
        return self._summary

    async def _step(self, totals: Mapping[str, int], position: Position | None) -> Position | None:
        step = await self._steadily(lambda: self._retelling.step(position))
        if step.waits:
            await self._look_at_the_outbox()
            return step.next
        told, left_out = self._summary.told, self._summary.left_out
        told[step.chapter] += step.told
        left_out[step.chapter] += step.left_out
        done = told[step.chapter] + left_out[step.chapter]
        log.info("%s: %d of %d", step.chapter, done, totals[step.chapter])
        return step.next

    async def _until(self, is_shipped: Callable[[int | None], bool]) -> None:
        while not is_shipped(await self._look_at_the_outbox()):
            pass

    async def _look_at_the_outbox(self) -> int | None:
        """Wait a moment; return what has waited longest, which moves while the relay ships."""
        await asyncio.sleep(PAUSE)
        oldest = await self._steadily(self._oldest_id)
        if oldest != self._oldest:
            self._oldest, self._moved_at = oldest, time.monotonic()
        if oldest is not None and time.monotonic() - self._moved_at > self._patience:
            raise NotShipped
        return oldest

    async def _oldest_id(self) -> int | None:
        async with self._retelling.database.begin() as tx:
            found = await outbox.oldest(tx)
        return found.id if found else None

    async def _newest(self) -> int:
        async with self._retelling.database.begin() as tx:
            return await outbox.newest_id(tx)

    async def _steadily(self, call: Callable[[], Awaitable[T]]) -> T:
        """Do what is safe to repeat; again, for a while, where the database is away."""
        while True:
            try:
                done = await call()
            except Exception as error:
                if not is_outage(error):
                    raise
                if time.monotonic() - self._moved_at > self._patience:
                    raise NotRead from error
                log.info("the database is away: %s", place_of(error))
                await asyncio.sleep(SOON)
                continue
            return done
