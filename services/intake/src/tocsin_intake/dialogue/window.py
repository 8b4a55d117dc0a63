"""The window workers come to, behind both edges: what came of it shows in no time it took."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import Database
from tocsin_intake.dialogue.guesses import Guesses
from tocsin_intake.dialogue.service import Counter, Outcome

NO_SOONER = 0.15  # seconds: what a receipt led to must not show in how long the answer took

Work = Callable[[AsyncConnection, Counter], Awaitable[Outcome]]
Answer = TypeVar("Answer")


class Window:
    """One request of whoever bears a receipt."""

    def __init__(self, request: Request) -> None:
        self._database: Database = request.app.state.database
        self._guesses: Guesses = request.app.state.guesses
        self._counter: Counter = request.app.state.counter
        self._address = request.client.host if request.client else ""

    async def serve(self, work: Work, answer: Callable[[Outcome], Answer]) -> Answer:
        """Do what the bearer of a receipt asks for, and answer no sooner than for any other.

        Raises:
            Slower: too many wrong numbers came from there.
        """
        started = time.monotonic()
        async with self._guesses.turn(self._address):
            async with self._database.begin() as tx:
                outcome = await work(tx, self._counter)
            if outcome.found is None:
                self._guesses.missed(self._address, time.monotonic())
        answered = answer(outcome)
        await asyncio.sleep(max(0.0, started + NO_SOONER - time.monotonic()))
        return answered
