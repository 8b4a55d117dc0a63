"""How a handler hears a fact: in order, in batches, each member alone to blame."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import uniform
from typing import Generic, TypeVar

from nats.aio.msg import Msg
from opentelemetry.trace import Span, SpanKind
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import parked
from tocsin_common.database import Database
from tocsin_common.errors import RuleBroken, is_outage, place_of
from tocsin_common.group_commit import GroupCommit, Overloaded
from tocsin_common.models import Parked
from tocsin_common.telemetry import (
    Trace,
    begin,
    counter,
    histogram,
    lasting,
    mark_failed,
    trace_of,
)
from tocsin_contracts.events.base import Event
from tocsin_contracts.streams import Consumer

E = TypeVar("E", bound=Event)
T = TypeVar("T", bound=Event, covariant=True)

log = logging.getLogger("tocsin.listening")

DELIVERIES = 5  # tries with the database up, before an event is set aside
OUTAGE_PAUSE = 0.5  # seconds; then the broker delivers again

handled = counter("handled_total", "Events handled, by outcome", ["consumer", "outcome"])
took = histogram(
    "handled_after_seconds",
    "From an event's happening to its being handled",
    ["consumer"],
    buckets=(0.05, 0.2, 1, 5, 30, 120, 600, 3600),
)


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """An event as a handler gets it: with the trace that what follows from it belongs to."""

    event: T
    trace: Trace | None = None


Handler = Callable[[AsyncConnection, Sequence[Told[E]]], Awaitable[None]]
"""Does all that follows from some events, in one transaction; safe to repeat."""


class Listener(Generic[E]):
    """One handler's ear: what it hears commits in groups, and each member is settled alone.

    Handled is acknowledged. In an outage all come again, and nothing is parked. A member that
    fails while the database is up comes again a few times and is then parked, to be retried from
    there; one that can never succeed (it does not decode, it breaks a rule) is a dead letter at
    once. So no bad event ever occupies the consumer's window.
    """

    def __init__(
        self, consumer: Consumer, event: type[E], handler: Handler[E], database: Database
    ) -> None:
        self.consumer = consumer
        self._event = event
        self._handler = handler
        self._database = database
        self._failures: dict[str, int] = {}
        self._handled = handled.labels(consumer.name, "handled")
        self._took = took.labels(consumer.name)
        self._attributes = {
            "messaging.system": "nats",
            "messaging.destination.name": event.subject,
            "messaging.consumer.group.name": consumer.name,
        }
        self._handling = GroupCommit(database.begin, self._handle)
        self._parking = GroupCommit(database.begin, _park)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Be ready to hear until the block ends."""
        async with self._parking.running(), self._handling.running():
            yield

    async def hear(self, messages: Sequence[Msg]) -> None:
        """Settle a batch of messages in stream order."""
        failed: list[tuple[Msg, Exception]] = []
        for message, error in zip(messages, await self._handle_all(messages), strict=True):
            if error is None:
                self._failures.pop(_msg_id(message), None)
                await message.ack()
            elif isinstance(error, Exception):  # else we are leaving, and it comes again
                failed.append((message, error))
        self._handled.inc(len(messages) - len(failed))
        outages = await asyncio.gather(*(self._not_handled(*one) for one in failed))
        if away := next(filter(None, outages), None):
            log.warning("%s: events come again: %s", self.consumer.name, away)
            await asyncio.sleep(OUTAGE_PAUSE)

    async def _handle_all(self, messages: Sequence[Msg]) -> Sequence[BaseException | None]:
        """Handle messages in one group; say of each what went wrong with it, if anything did."""
        spans = [self._begin(_trace(message)) for message in messages]
        outcome: list[BaseException | None] = [None] * len(messages)
        told: dict[int, Told[E]] = {}
        for at, message in enumerate(messages):
            try:
                told[at] = Told(self.read(message.data), trace_of(spans[at]))
            except ValidationError as error:
                outcome[at] = error
        origins = [spans[at].get_span_context() for at in told]
        results = await self._handling.join_all(list(told.values()), origins)
        now = time.time()
        for at, result in zip(told, results, strict=True):
            outcome[at] = result
            if result is None:
                self._took.observe(now - told[at].event.occurred_at.timestamp())
        for current, error in zip(spans, outcome, strict=True):
            if isinstance(error, Exception):
                mark_failed(current, error)
            current.end()
        return outcome

    async def retry(self, event: Parked) -> str | None:
        """Handle a parked event again; return why that failed, or `None`.

        Raises:
            Exception: the database is away, or too much waits.
        """
        try:
            with lasting(self._begin(event.trace)) as current:
                await self._handling.join(Told(self.read(event.body), trace_of(current)))
        except Exception as error:
            if isinstance(error, Overloaded) or is_outage(error):
                raise
            reason, hopeless = place_of(error), _is_hopeless(error)
            async with self._database.begin() as tx:
                await parked.failed_again(tx, event, reason, hopeless=hopeless)
            return reason
        async with self._database.begin() as tx:
            await parked.forget(tx, event.id)
        return None

    async def _not_handled(self, message: Msg, error: Exception) -> str | None:
        """Answer the broker about a message that failed. In an outage, say what was away."""
        if isinstance(error, Overloaded) or is_outage(error):
            await self._again(message, OUTAGE_PAUSE)
            return place_of(error)
        msg_id, hopeless = _msg_id(message), _is_hopeless(error)
        failures = self._failures[msg_id] = self._failures.get(msg_id, 0) + 1
        if failures < DELIVERIES and not hopeless:
            await self._again(message, 0.1 * 2**failures)
            return None
        del self._failures[msg_id]
        now = datetime.now(UTC)
        aside = Parked(
            consumer=self.consumer.name,
            msg_id=msg_id,
            subject=message.subject,
            trace=_trace(message),
            body=message.data,
            reason=place_of(error),
            retry_at=None if hopeless else parked.next_retry(1, now, now),
        )  # pyright: ignore[reportCallIssue]
        try:
            await self._parking.join(aside)
        except Exception as error:
            await self._again(message, OUTAGE_PAUSE)
            return place_of(error)
        log.warning("%s: an event was parked: %s", self.consumer.name, aside.reason)
        handled.labels(self.consumer.name, "dead" if hopeless else "parked").inc()
        await message.ack()
        return None

    async def _again(self, message: Msg, delay: float) -> None:
        handled.labels(self.consumer.name, "again").inc()
        await message.nak(delay=delay * uniform(1, 1.5))  # noqa: S311

    def _begin(self, trace: Trace | None) -> Span:
        return begin(
            f"hear {self._event.subject}",
            kind=SpanKind.CONSUMER,
            parent=trace,
            root=trace is None,
            attributes=self._attributes,
        )

    def read(self, body: bytes) -> E:
        """Decode a message's body.

        Raises:
            ValidationError: it is not this fact.
        """
        return self._event.model_validate_json(body)

    async def _handle(self, tx: AsyncConnection, told: Sequence[Told[E]]) -> Sequence[None]:
        await self._handler(tx, told)
        return [None] * len(told)


async def _park(tx: AsyncConnection, events: Sequence[Parked]) -> Sequence[None]:
    await parked.park(tx, events)
    return [None] * len(events)


def _is_hopeless(error: Exception) -> bool:
    return isinstance(error, ValidationError | RuleBroken)


def _trace(message: Msg) -> Trace | None:
    return (message.headers or {}).get("traceparent")


def _msg_id(message: Msg) -> str:
    """The event's id, or for a message without one its place in the stream."""
    named = (message.headers or {}).get("Nats-Msg-Id")
    return named or f"{message.metadata.stream}:{message.metadata.sequence.stream}"
