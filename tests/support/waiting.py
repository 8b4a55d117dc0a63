"""Waiting for what must come, and saying what is missing when it does not."""

import time
from asyncio import sleep
from collections.abc import Awaitable, Callable, Collection
from typing import Any

LOOK = 0.1  # seconds between looks
SHOWN = 5  # of what is left, in a failure


async def nothing_is_left_of(
    look: Callable[[], Awaitable[Collection[Any]]], *, within: float
) -> None:
    """Wait until `look()` finds nothing any more.

    Raises:
        AssertionError: it still finds something after so many seconds; tells what.
    """
    deadline = time.monotonic() + within
    while left := await look():
        assert time.monotonic() < deadline, f"{len(left)} left: {list(left)[:SHOWN]}"
        await sleep(LOOK)
