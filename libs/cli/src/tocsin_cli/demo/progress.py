"""What the demo shows while it runs: bars in a terminal, plain lines anywhere else."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

BARS = ("posted", "in cases", "alerts", "webhooks", "in the portal")
EVERY = 2.0  # seconds between plain lines


class Progress(Protocol):
    """Somebody who is told how it goes."""

    def say(self, sentence: str) -> None:
        """Tell something that happened."""
        ...

    def count(self, what: str, done: int, total: int) -> None:
        """Tell how far something has come."""
        ...


@contextmanager
def shown() -> Generator[Progress]:
    """Show progress on standard error until the block ends."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield PlainProgress(console)
        return
    columns = (TextColumn("{task.description:>14}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, console=console, transient=True) as bars:
        yield LiveProgress(bars)


class LiveProgress:
    """Bars that move, and sentences that scroll by above them."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks = {what: bars.add_task(what, total=None, visible=False) for what in BARS}

    def say(self, sentence: str) -> None:
        self._bars.console.print(Text(sentence))

    def count(self, what: str, done: int, total: int) -> None:
        self._bars.update(self._tasks[what], completed=done, total=total, visible=True)


class PlainProgress:
    """A line for what happened, and every other second one for how far it has come."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._counts: dict[str, str] = {}
        self._said: str | None = None
        self._said_at = time.monotonic()

    def say(self, sentence: str) -> None:
        self._console.print(Text(sentence), soft_wrap=True)

    def count(self, what: str, done: int, total: int) -> None:
        self._counts[what] = f"{what} {done}/{total}"
        line = ", ".join(self._counts.values())
        if line != self._said and time.monotonic() >= self._said_at + EVERY:
            self._said, self._said_at = line, time.monotonic()
            self.say(line)
