"""Processes die in the middle of it all: SIGKILL, as a power cut or the kernel would."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tocsin_cli.demo.door import Door
from tocsin_cli.demo.progress import Progress
from tocsin_cli.demo.stage import Stage

LOOK = 0.05  # seconds between looks at what is due and what has died
UNTIL_BACK = 60.0


@dataclass
class Kill:
    """A part that is to die once, and what became of it."""

    part: str
    due: Callable[[], bool]
    when: str
    """In words: what was going on."""
    at: float | None = None
    away: float | None = None
    """Seconds until it was ready again."""


@dataclass
class Killer:
    """Kills what is due, and has it started again."""

    stage: Stage
    doors: dict[str, Door]
    progress: Progress
    plan: Sequence[Kill]
    _waiting: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @property
    def kills(self) -> int:
        """How many have died so far."""
        return sum(one.at is not None for one in self.plan)

    @property
    def all_back(self) -> bool:
        """Whether all have died and are ready again."""
        return all(one.away is not None for one in self.plan)

    async def work(self) -> None:
        """Kill and restart until cancelled."""
        while True:
            for one in self.plan:
                if one.at is None and one.due():
                    await self._kill(one)
            self.stage.tend()
            await asyncio.sleep(LOOK)

    async def _kill(self, one: Kill) -> None:
        await self.stage.kill(one.part)
        one.at = time.monotonic()
        self.progress.say(f"SIGKILL: {one.part} is dead, {one.when}")
        task = asyncio.create_task(self._until_back(one, one.at))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _until_back(self, one: Kill, died_at: float) -> None:
        while time.monotonic() < died_at + UNTIL_BACK:
            if await self._is_back(one.part):
                one.away = time.monotonic() - died_at
                self.progress.say(f"{one.part} is back after {one.away:.1f} s")
                return
            await asyncio.sleep(LOOK)

    async def _is_back(self, part: str) -> bool:
        if not self.stage.is_up(part):
            return False
        doors = [self.doors[part]] if part in self.doors else self.doors.values()
        for door in doors:  # a server is back when everybody has it again
            if (await door.try_once("GET", "/readyz"))[0] != 200:
                return False
        return True
