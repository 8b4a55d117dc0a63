"""What arrives together commits together."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from opentelemetry.trace import SpanContext, get_current_span

from tocsin_common.errors import is_outage
from tocsin_common.telemetry import span

Tx = TypeVar("Tx")
In = TypeVar("In")
Out = TypeVar("Out")


class Overloaded(Exception):
    """Too many wait, or the process is leaving. Nothing was done: answer 503, or nak."""


@dataclass(eq=False, slots=True)
class Member(Generic[In, Out]):
    """Somebody who waits for a group."""

    value: In
    done: asyncio.Future[Out]
    origin: SpanContext


class GroupCommit(Generic[Tx, In, Out]):
    """One transaction for all who wait; while it commits, the next group gathers.

    Nobody waits for a timer: a lone member commits at once. `effect` takes the members in order
    of arrival and returns one result for each; what is expected (a repeat, a conflict) is a
    result. If it raises, halves are tried until the member to blame stands alone; in an outage
    or a timeout all fail at once. A member that leaves before its group begins leaves no trace;
    one that leaves later, or in an outage, may have been done: effects are safe to repeat.
    """

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[Tx]],
        effect: Callable[[Tx, Sequence[In]], Awaitable[Sequence[Out]]],
        *,
        size: int = 200,
        waiting: int = 2000,
        patience: float = 10,
        is_outage: Callable[[Exception], bool] = is_outage,
    ) -> None:
        """Say what a group does.

        Args:
            begin: opens the transaction; leaving it commits.
            effect: does the members' work.
            size: the most members in one group.
            waiting: the most members that may wait; more are refused.
            patience: seconds after which a group counts as an outage.
            is_outage: tells an absent database from a member that is to blame.
        """
        self._begin = begin
        self._effect = effect
        self._is_outage = is_outage
        self._size = size
        self._waiting = waiting
        self._patience = patience
        self._queue: deque[Member[In, Out]] = deque()
        self._arrival = asyncio.Event()
        self._open = False

    async def join(self, value: In) -> Out:
        """Do `value` in the next group; return its result once that has committed.

        Raises:
            Overloaded: too many wait, or the process is leaving; nothing was done.
        """
        return await self.enter(value)

    def enter(self, value: In) -> "asyncio.Future[Out]":
        """The same for who waits later, and for many at once: without a task for each.

        Raises:
            Overloaded: too many wait, or the process is leaving; nothing was done.
        """
        return self._enqueue(value, get_current_span().get_span_context())

    async def join_all(
        self, values: Sequence[In], origins: Sequence[SpanContext]
    ) -> Sequence[Out | BaseException]:
        """Do all `values`, in order, each alone to blame; return a result or an error for each.

        Args:
            values: what is to be done.
            origins: the span that each of them belongs to.
        """
        waiting: list[asyncio.Future[Out]] = []
        for value, origin in zip(values, origins, strict=True):
            try:
                waiting.append(self._enqueue(value, origin))
            except Overloaded as error:
                refused: asyncio.Future[Out] = asyncio.get_running_loop().create_future()
                refused.set_exception(error)
                waiting.append(refused)
        return await asyncio.gather(*waiting, return_exceptions=True)

    def _enqueue(self, value: In, origin: SpanContext) -> "asyncio.Future[Out]":
        if not self._open or len(self._queue) >= self._waiting:
            raise Overloaded
        done: asyncio.Future[Out] = asyncio.get_running_loop().create_future()
        self._queue.append(Member(value, done, origin))
        self._arrival.set()
        return done

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Commit groups until the block ends; then refuse newcomers and settle who still waits."""
        self._open = True
        worker = asyncio.create_task(self._commit_groups())
        try:
            yield
        finally:
            self._open = False
            self._arrival.set()
            await worker

    async def _commit_groups(self) -> None:
        size = self._size
        group: list[Member[In, Out]] = []
        try:
            while self._open or self._queue:
                taken = [self._queue.popleft() for _ in range(min(size, len(self._queue)))]
                group = [member for member in taken if not member.done.cancelled()]
                if group:
                    size = await self._commit(group, size)
                elif not taken:
                    self._arrival.clear()
                    await self._arrival.wait()
        finally:
            self._open = False
            for member in (*group, *self._queue):
                member.done.cancel()

    async def _commit(self, group: list[Member[In, Out]], size: int) -> int:
        """Commit `group`, or put it back to be tried in halves. Return how many to take next."""
        try:
            with span("commit group", root=True, origins=[member.origin for member in group]):
                async with asyncio.timeout(self._patience), self._begin() as tx:
                    results = await self._effect(tx, [member.value for member in group])
                    outcome = list(zip(group, results, strict=True))  # none forgotten, or no commit
        except Exception as error:
            if len(group) > 1 and not (isinstance(error, TimeoutError) or self._is_outage(error)):
                self._queue.extendleft(reversed(group))
                return max(len(group) // 2, 1)
            for member in group:
                if not member.done.done():
                    member.done.set_exception(error)
            return size
        for member, result in outcome:
            if not member.done.done():
                member.done.set_result(result)
        return min(2 * size, self._size)
