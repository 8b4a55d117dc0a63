"""Work that is done round after round in the background, whatever goes wrong in one of them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from random import uniform

from tocsin_common.errors import place_of
from tocsin_common.telemetry import counter

log = logging.getLogger("tocsin.rounds")
failed = counter("rounds_failed_total", "Rounds of background work that failed", ["work"])

SOON = 1.0  # seconds after a failure, doubling
LONGEST = 60.0  # seconds after a failure, at the most
NO_PAUSE = timedelta()

Work = Callable[[], Awaitable[timedelta | None]]
"""One round. It may say how long it is until the next, as `NO_PAUSE` while there is more to do."""


class Rounds:
    """One kind of work of this process, which ends with the process and not sooner.

    A round that fails is counted and logged, and tried again after a pause that doubles.
    """

    def __init__(
        self,
        name: str,
        work: Work,
        *,
        every: float,
        soon: float = SOON,
        longest: float = LONGEST,
    ) -> None:
        """Make it.

        Args:
            name: what is done, as its failures are counted and logged.
            work: one round.
            every: seconds from the end of a round to the next, where it does not say.
            soon: seconds after a first failure; a little more, lest all processes come at once.
            longest: the pause after a failure that does not grow any more; never over `every`.
        """
        self._name = name
        self._work = work
        self._every = every
        self._soon = soon
        self._longest = min(longest, max(every, soon))
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Begin the next round at once, unless the last one failed: then it has its pause."""
        self._woken.set()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Go round until the block ends, which cuts a round short."""
        task = asyncio.create_task(self._go_round())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _go_round(self) -> None:
        failures = 0
        while not _leaving():
            self._woken.clear()
            try:
                wait = await self._work()
            except (Exception, asyncio.CancelledError) as error:
                if _leaving():
                    raise
                await self._pause(failures, error)
                failures += 1
            else:
                if failures:
                    log.info("%s goes on after %d failures", self._name, failures)
                failures = 0
                if not _leaving():
                    await self._rest(self._every if wait is None else wait.total_seconds())

    async def _pause(self, failures: int, error: BaseException) -> None:
        failed.labels(self._name).inc()
        pause = pause_after(failures, self._soon, self._longest)
        log.warning("%s failed, and goes on in %.1f s: %s", self._name, pause, place_of(error))
        await asyncio.sleep(pause * uniform(1, 1.2))  # noqa: S311

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return


def pause_after(failures: int, soon: float, longest: float) -> float:
    """Seconds after a failure that comes after so many others: doubling, up to a bound."""
    return min(soon * 2.0 ** min(failures, 20), longest)


def _leaving() -> bool:
    """Whether we are asked to end: a round that swallows the request ends all the same."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
