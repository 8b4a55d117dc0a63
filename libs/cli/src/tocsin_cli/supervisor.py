"""Keeping programs running: what dies is started again, after a growing delay."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tocsin_cli import restarts
from tocsin_cli.errors import NotReady


class Program(Protocol):
    """Something that can be started again after it has died."""

    @property
    def running(self) -> bool: ...

    @property
    def finished(self) -> bool:
        """It ended because its work is done."""
        ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass
class _Kept:
    name: str
    program: Program
    started: float
    deaths: int = 0
    again_at: float | None = None


class Supervisor:
    """Looks after programs in the order they were added, and stops them in the opposite one."""

    def __init__(self) -> None:
        self._kept: list[_Kept] = []

    def add(self, name: str, program: Program) -> None:
        """Start a program and look after it from now on."""
        program.start()
        self._kept.append(_Kept(name, program, time.monotonic()))

    def tend(self) -> None:
        """Look at each program once; start what has died and waited long enough."""
        for kept in self._kept:
            if not kept.program.finished:
                _tend(kept, time.monotonic())

    def deaths(self) -> dict[str, int]:
        """How often each program died in a row, lately."""
        return {kept.name: kept.deaths for kept in self._kept}

    def stop(self, together: Sequence[str] = ()) -> None:
        """Stop all, last one first; programs named in `together` are all asked before the rest."""
        for kept in reversed(self._kept):
            kept.program.stop()
        self._kept.clear()


def _tend(kept: _Kept, now: float) -> None:
    if kept.program.running:
        if now - kept.started > restarts.CALM:
            kept.deaths = 0
        return
    if kept.again_at is None:
        kept.deaths += 1
        kept.again_at = now + restarts.delay(kept.deaths)
    if now < kept.again_at:
        return
    kept.again_at = None
    kept.started = now
    try:
        kept.program.start()
    except NotReady:  # a server that ended again at once: one more death
        return
