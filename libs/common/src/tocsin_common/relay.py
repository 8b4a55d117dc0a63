"""Ships what the outbox holds: in order, each stream for itself, deleted after the ack."""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from itertools import compress
from random import uniform
from typing import Any
from uuid import uuid4

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import APIError
from opentelemetry.trace import SpanKind

from tocsin_common.database import Database
from tocsin_common.errors import place_of
from tocsin_common.messaging import Bus
from tocsin_common.rounds import Rounds
from tocsin_common.telemetry import counter, current_trace, span
from tocsin_contracts.streams import Stream, told_by

log = logging.getLogger("tocsin.relay")

BATCH = 500  # rows; NATS takes 1,000 in one atomic batch
FEW = 4  # so many go faster one by one: 0.7 ms each, where an atomic batch takes 4 ms at least
POLL = 0.05  # seconds until a row that another process wrote is seen
PATIENCE = 10.0  # seconds for one batch
PAUSE = 0.5  # seconds after a failure
KNOWN_MESSAGE = 10201  # JetStream: a message of this batch is in the stream already
LOCK = 7_463_241_905_116  # the advisory lock of whoever ships from this database

# One statement for all streams, so that a stream which refuses does not starve the others.
_OLDEST = """
select shipped.* from unnest($1::text[], $2::int[]) as one(stream, wanted) cross join lateral (
    select id, msg_id, stream, subject, headers, payload, recorded_at from outbox
    where outbox.stream = one.stream order by id limit one.wanted
) as shipped
"""

shipped = counter("shipped_total", "Events shipped from the outbox", ["stream"])


class Relay:
    """One active relay per database, by a session lock on a connection of its own.

    A standby waits on the lock; whoever holds it and loses NATS gives it up. What was published
    and not yet deleted when a relay died is published again under the same id, and JetStream
    drops it.
    """

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._streams = {stream.name: stream for stream in told_by(bus.service)}
        self._woken = asyncio.Event()
        self._told = False
        self._refused_since: dict[str, float] = {}
        self._pausing: dict[str, float] = {}
        database.told = self.wake

    def wake(self) -> None:
        """Say that a transaction with events has committed."""
        self._told = True
        self._woken.set()

    def waiting_for(self) -> str | None:
        """Why nothing has been shipped for a while although something is waiting, or `None`."""
        long_ago = time.monotonic() - 2 * PATIENCE
        stuck = [name for name, since in self._refused_since.items() if since < long_ago]
        return f"outbox: NATS does not accept {', '.join(stuck)}" if stuck else None

    def running(self) -> AbstractAsyncContextManager[None]:
        """Ship in the background until the block ends."""
        return Rounds("relay", self._ship_while_connected, every=PAUSE).running()

    async def _ship_while_connected(self) -> timedelta:
        if self._bus.client:
            await self._hold_the_lock_and_ship()
        return timedelta(seconds=PAUSE * uniform(1, 2))  # noqa: S311

    async def _hold_the_lock_and_ship(self) -> None:
        connection = await self._database.connect(
            {
                "application_name": f"tocsin-{self._bus.service}-relay",
                # Only deletes of what is shipped are written here. One that a power cut undoes
                # is shipped again under the same id.
                "synchronous_commit": "off",
                # Three statements, one of them twenty times a second: planned once, and by the
                # index however few or many rows there were when that was.
                "plan_cache_mode": "force_generic_plan",
                "enable_seqscan": "off",
                "enable_bitmapscan": "off",
                "tcp_keepalives_idle": "10",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
            },
        )
        try:
            await connection.execute("select pg_advisory_lock($1)", LOCK)
            anything = await connection.prepare("select exists (select from outbox)")
            while self._bus.client:
                self._told = False
                self._woken.clear()
                if await self._ship(connection) < BATCH:
                    await self._rest(anything)
        finally:
            connection.terminate()

    async def _rest(self, anything: "PreparedStatement[asyncpg.Record]") -> None:
        """Wait until there may be something to ship: told here, or seen by a look."""
        loop = asyncio.get_running_loop()
        while self._bus.client and not self._told:
            poll = loop.call_later(POLL, self._woken.set)
            await self._woken.wait()
            poll.cancel()
            self._woken.clear()
            if self._told or self._refused_since or await anything.fetchval(timeout=PATIENCE):
                return

    async def _ship(self, connection: "asyncpg.Connection[asyncpg.Record]") -> int:
        """Ship the oldest rows of every stream that takes them. Return how many went."""
        client, jetstream = self._bus.client, self._bus.jetstream
        if client is None or jetstream is None:
            return 0
        now = time.monotonic()
        pausing = {name for name, until in self._pausing.items() if until > now}
        # Of a stream that pauses one row is looked at: is it still there?
        wanted = [1 if name in pausing else BATCH for name in self._streams]
        rows = await connection.fetch(_OLDEST, list(self._streams), wanted, timeout=PATIENCE)
        waiting = {name: [row for row in rows if row["stream"] == name] for name in self._streams}
        for name in waiting:
            if not waiting[name]:
                self._refused_since.pop(name, None)
        ready = [name for name, of_stream in waiting.items() if of_stream and name not in pausing]
        done = await asyncio.gather(
            *(self._publish(client, jetstream, self._streams[one], waiting[one]) for one in ready)
        )
        sent: list[int] = []
        for name in compress(ready, done):
            sent += [row["id"] for row in waiting[name]]
            shipped.labels(name).inc(len(waiting[name]))
        if sent:
            await connection.execute("delete from outbox where id = any($1::bigint[])", sent)
        return len(sent)

    async def _publish(
        self,
        client: Client,
        jetstream: JetStreamContext,
        stream: Stream,
        rows: Sequence[asyncpg.Record],
    ) -> bool:
        """Publish rows of one stream, in order; say whether JetStream has them all."""
        messages = [_message(row, stream) for row in rows]
        try:
            async with asyncio.timeout(PATIENCE):
                if 1 < len(messages) <= FEW or not await _publish_atomically(client, messages):
                    await _publish_each(jetstream, messages)
        except Exception as error:
            log.warning("%s was not shipped: %s", stream.name, place_of(error))
            self._refused_since.setdefault(stream.name, time.monotonic())
            self._pausing[stream.name] = time.monotonic() + PAUSE
            return False
        self._refused_since.pop(stream.name, None)
        return True


Message = tuple[str, bytes, dict[str, str]]


def _message(row: asyncpg.Record, stream: Stream) -> Message:
    headers: dict[str, str] = json.loads(row["headers"])
    if stream.unlinked:  # protection L1: what happened in amber ends here, a new trace begins
        headers.pop("traceparent", None)
        with span(f"release {row['subject']}", kind=SpanKind.PRODUCER, root=True):
            if begins := current_trace():
                headers["traceparent"] = begins
    return row["subject"], row["payload"], headers


async def _publish_atomically(client: Client, messages: Sequence[Message]) -> bool:
    """Publish as one atomic batch (NATS ADR-50): in order, one sync to disk, all or nothing.

    Return `False` when a message of the batch is in the stream already, and nothing was stored.
    A lone message needs no batch.

    Raises:
        APIError: JetStream refused the batch; nothing was stored.
    """
    batch = uuid4().hex
    answer: dict[str, Any] = {}
    for number, (subject, payload, headers) in enumerate(messages, 1):
        if len(messages) > 1:
            headers = headers | {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}  # noqa: PLW2901
        if number < len(messages):
            await client.publish(subject, payload, headers=headers)
            continue
        if len(messages) > 1:
            headers["Nats-Batch-Commit"] = "1"
        last = await client.request(subject, payload, headers=headers, timeout=PATIENCE)
        answer = json.loads(last.data)
    if not (error := answer.get("error")):
        return True
    if error["err_code"] == KNOWN_MESSAGE:
        return False
    raise APIError.from_error(error)


async def _publish_each(jetstream: JetStreamContext, messages: Sequence[Message]) -> None:
    """Publish one after the other, in order; JetStream drops each it has under the same id."""
    for subject, payload, headers in messages:
        await jetstream.publish(subject, payload, headers=headers, timeout=PATIENCE)
