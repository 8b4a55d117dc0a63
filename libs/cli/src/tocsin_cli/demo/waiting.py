"""Waiting for what only looking can tell."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(
    holds: Callable[[], Awaitable[bool]], *, every: float, at_most: float | None = None
) -> None:
    """Look again and again; return once it holds.

    Args:
        holds: looks.
        every: seconds between two looks.
        at_most: lets looks become rarer, up to so many seconds apart.
    """
    pause = every
    while True:
        if await holds():
            return
        await asyncio.sleep(pause)
        pause = min(pause * 1.2, at_most or every)
