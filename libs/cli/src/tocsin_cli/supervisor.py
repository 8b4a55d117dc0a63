"""Keeping programs running: what dies is started again, after a growing delay."""

import time
from dataclasses import dataclass
from typing import Protocol

from tocsin_cli import restarts
from tocsin_cli.errors import NotReady


class Program(Protocol):
    """Something that can be started again after it has died."""

    @property
    def running(self) -> bool: ...

    def start(self) -> None: ...

    def ask_to_stop(self) -> None: ...

    def stop(self) -> None: ...


@dataclass
class _Kept:
    program: Program
    started: float
    deaths: int = 0
    again_at: float | None = None


class Supervisor:
    """Looks after programs from when they are added until it stops them all."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def add(self, name: str, program: Program) -> None:
        """Start a program and look after it from now on."""
        self._kept[name] = _Kept(program, time.monotonic())
        program.start()

    def tend(self) -> list[str]:
        """Look at each program once; start what has died and waited long enough, and name it."""
        return [name for name, kept in self._kept.items() if _tend(kept, time.monotonic())]

    def deaths(self, name: str) -> int:
        """How often a program has died without a calm time in between."""
        return self._kept[name].deaths

    def stop(self) -> None:
        """Ask all to stop, then wait for each; none is left running."""
        for kept in self._kept.values():
            kept.program.ask_to_stop()
        for kept in self._kept.values():
            kept.program.stop()
        self._kept.clear()


def _tend(kept: _Kept, now: float) -> bool:
    if kept.program.running:
        if now - kept.started > restarts.CALM:
            kept.deaths = 0
        return False
    if kept.again_at is None:
        kept.deaths += 1
        kept.again_at = now + restarts.delay(kept.deaths)
    if now < kept.again_at:
        return False
    kept.again_at = None
    kept.started = now
    try:
        kept.program.start()
    except NotReady:  # a server that ended again at once: the next look counts one more death
        return False
    return True
