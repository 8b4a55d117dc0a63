"""The courier: takes what is due, sends it, notes what came of it."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import random
from typing import Protocol
from uuid import UUID

from opentelemetry.trace import SpanKind
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import Database
from tocsin_common.errors import place_of
from tocsin_common.group_commit import GroupCommit
from tocsin_common.rounds import Rounds
from tocsin_common.telemetry import counter, histogram, span
from tocsin_notifications.deliveries import queue, schedule, settling
from tocsin_notifications.deliveries.news import Disabled
from tocsin_notifications.deliveries.outcomes import Answer, Fault, Unreached
from tocsin_notifications.deliveries.queue import Due
from tocsin_notifications.deliveries.settling import Result
from tocsin_notifications.models import DeliveryState, Kind, Purpose

log = logging.getLogger("tocsin.delivery")

ROOM = 16  # deliveries to one endpoint at once; the rest of what is due belongs to others
MOST = 1024  # deliveries at once, those included whose result is being noted
PAUSE = 1.0  # seconds after a failure
GROUP = 256  # results noted at once; while they are, as many again are sent
GRACE = 5.0  # seconds that a leaving process gives to what it is sending
RECORDING = 60.0  # seconds for which a result is offered to a database that is away
ONCE = {Purpose.TEST, Purpose.VERIFICATION}  # a person waits for them, and tries again

attempts = counter("delivery_attempts_total", "Attempts to deliver, by outcome", ["outcome"])
late = histogram("delivery_late_seconds", "From a delivery's being due to its being sent")
delivered = counter("delivered_total", "Deliveries that arrived")
given_up = counter("deliveries_failed_total", "Deliveries given up after the last attempt")

OnDisabled = Callable[[AsyncConnection, Sequence[Disabled]], Awaitable[None]]
"""Called in the transaction that disables endpoints, to plan a notice to their buyers."""


class Sender(Protocol):
    """Tells endpoints of one kind."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Hold what sending needs until the block ends."""
        ...

    async def send(self, due: Due) -> Answer | Unreached:
        """Try once to tell an endpoint; it bounds its own time."""
        ...

    def rest(self) -> float:
        """For how many seconds it is no use to send, whoever to."""
        ...


@dataclass(frozen=True)
class Terms:
    """How deliveries are made."""

    lease: float
    """Seconds after which the deliveries of a process that died are another's."""
    poll: float
    """Seconds between looks when nobody wakes us: retries, what another process planned."""
    retry_scale: float
    most: int = MOST
    """Deliveries at once."""


class Courier:
    """Delivers what is due to endpoints of one kind: each kind has places of its own.

    To many endpoints at once, and to none more than it has room for.

    A process that is killed between sending and noting leaves a lease that ends; whoever takes
    the delivery then sends the same id and the same bytes.
    """

    def __init__(
        self,
        database: Database,
        kind: Kind,
        sender: Sender,
        terms: Terms,
        *,
        on_disabled: OnDisabled | None = None,
    ) -> None:
        self._database = database
        self._kind = kind
        self._sender = sender
        self._terms = terms
        self._on_disabled = on_disabled
        self._settling = GroupCommit(database.begin, self._settle, size=GROUP, waiting=MOST)
        self._claiming = Rounds("deliveries", self._claim_and_send, every=terms.poll, soon=PAUSE)
        pause = terms.lease / 4
        self._renewing = Rounds("leases", self._renew, every=pause, soon=pause)
        self._sending: Counter[UUID] = Counter()
        self._held: dict[UUID, tuple[int, asyncio.Timeout]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look at once: something may be due."""
        self._claiming.wake()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Deliver until the block ends; then finish what is being sent, if that is soon."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._sender.running())
            await stack.enter_async_context(self._settling.running())
            await stack.enter_async_context(self._renewing.running())
            stack.push_async_callback(self._finish)
            await stack.enter_async_context(self._claiming.running())
            yield

    async def _finish(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _claim_and_send(self) -> None:
        claimed_at = asyncio.get_running_loop().time()
        for due in await self._claim():
            self._begin(due, until=claimed_at + self._terms.lease)

    async def _claim(self) -> list[Due]:
        free = self._terms.most - len(self._tasks)
        if not free or self._sender.rest():
            return []
        async with self._database.begin() as tx:
            return await queue.claim(
                tx, self._kind, self._sending, room=ROOM, limit=free, lease=self._terms.lease
            )

    def _begin(self, due: Due, *, until: float) -> None:
        self._sending[due.endpoint_id] += 1
        late.observe(due.late)
        task = asyncio.create_task(self._deliver(due, until))
        self._tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            self._sending[due.endpoint_id] -= 1
            if not self._sending[due.endpoint_id]:
                del self._sending[due.endpoint_id]
            if not task.cancelled() and (error := task.exception()):
                log.error("a delivery broke; it comes again: %s", place_of(error))
            self.wake()

        task.add_done_callback(ended)

    async def _deliver(self, due: Due, until: float) -> None:
        """Send a delivery while its lease is ours; after that somebody else has it."""
        try:
            async with asyncio.timeout_at(until) as ours:
                self._held[due.id] = due.lease, ours
                result = await self._attempt(due)
        except TimeoutError:
            log.warning("a lease was lost while its delivery was being sent")
            return
        finally:
            self._held.pop(due.id, None)
        await self._note(result)

    async def _attempt(self, due: Due) -> Result:
        started_at, began = datetime.now(UTC), time.perf_counter()
        with span(
            "deliver",
            kind=SpanKind.CLIENT,
            parent=due.trace,
            root=due.trace is None,
            attributes={"tocsin.attempt": due.tries + 1},
        ) as current:
            outcome = await self._send(due)
            fault = outcome.fault
            current.set_attribute("tocsin.outcome", fault or "delivered")
            if isinstance(outcome, Answer):
                current.set_attribute("http.response.status_code", outcome.status)
        attempts.labels(fault or "delivered").inc()
        return self._result(due, outcome, fault, started_at, time.perf_counter() - began)

    async def _send(self, due: Due) -> Answer | Unreached:
        try:
            return await self._sender.send(due)
        except Exception as error:
            log.warning("a delivery could not be sent: %s", place_of(error))
            return Unreached(Fault.OURS)

    def _result(
        self,
        due: Due,
        outcome: Answer | Unreached,
        fault: Fault | None,
        started_at: datetime,
        took: float,
    ) -> Result:
        answer = outcome if isinstance(outcome, Answer) else None
        wish = schedule.wish_of(answer.retry_after, started_at) if answer else None
        wait: timedelta | None = None
        final = answer is not None and answer.permanent
        once = due.purpose in ONCE and due.kind == Kind.WEBHOOK  # a mail may have to come twice
        if fault is Fault.MAIL_SERVER:
            wait = schedule.OURS * self._terms.retry_scale * (1 + random())  # noqa: S311
        elif fault and not final and not once:
            wait = schedule.wait_after(
                due.tries + 1,
                chance=random(),  # noqa: S311
                wish=wish,
                scale=self._terms.retry_scale,
            )
        quiet = schedule.quiet_after(answer.status, wait, wish) if answer else None
        state = _state(fault, wait)
        return Result(
            delivery_id=due.id,
            lease=due.lease,
            endpoint_id=due.endpoint_id,
            address=due.address,
            trace=due.trace,
            state=state,
            news=settling.news_of(due, state, datetime.now(UTC)),
            wait=wait.total_seconds() if wait else None,
            started_at=started_at,
            milliseconds=round(took * 1000),
            status=answer.status if answer else None,
            fault=fault,
            excerpt=answer.excerpt if answer else None,
            gone=answer is not None and answer.gone,
            quiet=quiet.total_seconds() if quiet else None,
            proven=not fault and due.purpose == Purpose.VERIFICATION and due.kind == Kind.WEBHOOK,
            gathers=due.purpose == Purpose.DIGEST,
            attempts=due.attempts + 1,
            failing=due.failing,
        )

    async def _note(self, result: Result) -> None:
        """Record a result, also after a while without a database; a newer lease outdates it."""
        until = time.monotonic() + RECORDING
        while True:
            try:
                await self._settling.join(result)
            except Exception as error:
                if time.monotonic() > until:
                    log.warning("an attempt could not be noted: %s", place_of(error))
                    return
                await asyncio.sleep(PAUSE)
            else:
                if result.state is DeliveryState.DELIVERED:
                    delivered.inc()
                elif result.state is DeliveryState.FAILED:
                    given_up.inc()
                return

    async def _settle(self, tx: AsyncConnection, results: Sequence[Result]) -> Sequence[None]:
        disabled = await settling.settle(tx, results, now=datetime.now(UTC))
        if disabled and self._on_disabled:
            await self._on_disabled(tx, disabled)
        return [None] * len(results)

    async def _renew(self) -> None:
        lease, held = self._terms.lease, dict(self._held)
        if not held:
            return
        renewed_at = asyncio.get_running_loop().time()
        async with self._database.begin() as tx:
            numbers = {one: number for one, (number, _) in held.items()}
            ours = await queue.renew(tx, numbers, lease=lease)
        for one in ours & self._held.keys():
            number, timeout = self._held[one]
            if (number, timeout) == held[one] and not timeout.expired():
                timeout.reschedule(renewed_at + lease)


def _state(fault: Fault | None, wait: timedelta | None) -> DeliveryState:
    if not fault:
        return DeliveryState.DELIVERED
    return DeliveryState.FAILED if wait is None else DeliveryState.WAITING
