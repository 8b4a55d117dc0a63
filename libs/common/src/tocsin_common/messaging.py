"""A service's place on the bus: one connection, its listeners, and what it is waiting for."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from faststream.nats.security import NatsUserPassword
from faststream.nats.subscriber.usecases.stream_pull_subscriber import BatchPullStreamSubscriber
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from tocsin_common import parked
from tocsin_common.database import Database
from tocsin_common.errors import place_of
from tocsin_common.listening import Handler, Listener
from tocsin_common.models import Parked
from tocsin_common.problems import Unavailable
from tocsin_common.pulling import BATCH, Pulling
from tocsin_common.rounds import Rounds
from tocsin_common.telemetry import gauge
from tocsin_common.tls import tls_for
from tocsin_contracts.events.base import Event
from tocsin_contracts.permissions import inbox_prefix
from tocsin_contracts.streams import heard_by

E = TypeVar("E", bound=Event)

log = logging.getLogger("tocsin.messaging")

RETRY = 0.5  # seconds between tries to connect, and after a failed fetch
REFUSED = 30.0  # seconds a refusal is told; while its cause lasts, the next one comes sooner
ANSWERS = 16  # questions answered at the same time, at the most
PATIENCE = 5.0  # seconds a question waits for its answer
PARKED_POLL = 5.0  # seconds between looks at what is parked and due

consumer_lag = gauge("consumer_lag", "Events told and not yet settled", ["consumer"])


class PromptPull(BatchPullStreamSubscriber):
    """Hands over what is there at once; FastStream's own batches wait for a timer.

    It binds to its durable, since a service may not create one, and survives every error of a
    fetch: the broker restarting, the durable deleted and provisioned again. Messages go straight
    to their listener, which settles them; the way through FastStream would cost more than that.
    """

    listener: Listener[Any]

    async def _create_subscription(self) -> None:
        if self.subscription:
            return
        pulling = Pulling(self.connection, self.stream.name, self.extra_options["durable"])
        opened: Any = await pulling.open()  # FastStream only ever unsubscribes it
        self.subscription = opened
        self.add_task(self._hear_for_ever, (pulling,))

    async def _hear_for_ever(self, pulling: Pulling) -> None:
        while self.running:
            try:
                if messages := await pulling.batch():
                    with self.lock:  # leaving waits until it is free
                        await self.listener.hear(messages)
            except Exception as error:
                log.info("%s rests: %s", self.listener.consumer.name, place_of(error))
                await asyncio.sleep(RETRY)


class Bus:
    """One service on NATS. It starts whether or not the broker is there, and keeps trying."""

    def __init__(
        self,
        service: str,
        *,
        url: str,
        password: str,
        database: Database,
        ca_file: Path | None = None,
    ) -> None:
        self.service = service
        tls = tls_for(url, ca_file)
        self.broker = NatsBroker(
            url.split(","),
            name=f"tocsin-{service}",
            security=NatsUserPassword(
                service, password, ssl_context=tls, tls_handshake_first=tls is not None
            ),
            inbox_prefix=inbox_prefix(service),
            ack_policy=AckPolicy.MANUAL,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=2,
            drain_timeout=2,
            graceful_timeout=10,
            error_cb=self._on_error,
            logger=None,
        )
        self.listeners: dict[str, Listener[Any]] = {}
        self._database = database
        self._consumers = {consumer.event: consumer for consumer in heard_by(service)}
        self._listening = False
        self._refused_at: float | None = None

    def listen(self, event: type[E], handler: Handler[E]) -> None:
        """Give every `event` to `handler`: batches of up to 200, as soon as one is there."""
        consumer = self._consumers[event]
        listener = Listener(consumer, event, handler, self._database)
        self.listeners[consumer.name] = listener
        subscriber = self.broker.subscriber(
            event.subject,
            stream=JStream(consumer.stream.name, declare=False),
            durable=consumer.name,
            pull_sub=PullSub(batch_size=BATCH, batch=True),
            decoder=_as_it_came,
            inbox_prefix=f"{inbox_prefix(self.service)}.".encode(),
            title=consumer.name,
        )
        subscriber.__class__ = PromptPull
        prompt: Any = subscriber
        prompt.listener = listener

        @subscriber
        async def hear(message: NatsMessage) -> None:
            raw: Any = message.raw_message
            await listener.hear(raw)

        _ = hear

    def answer(self, subject: str, answer: Callable[[bytes], Awaitable[bytes]]) -> None:
        """Answer every question asked under `subject`; one process of the service answers each.

        `answer` must not raise: what goes wrong is an answer, too.
        """
        subscriber = self.broker.subscriber(
            subject, queue=self.service, decoder=_as_it_came, no_reply=True, max_workers=ANSWERS
        )

        @subscriber
        async def reply(message: NatsMessage) -> None:
            raw: Any = message.raw_message
            await raw.respond(await answer(raw.data))

        _ = reply

    async def ask(self, subject: str, question: bytes) -> bytes:
        """Ask another service, and return what it answers.

        Raises:
            Unavailable: nobody answers now.
        """
        if not (client := self.client):
            raise Unavailable
        try:
            return (await client.request(subject, question, timeout=PATIENCE)).data
        except (NatsError, TimeoutError):
            raise Unavailable from None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Connect, listen and look after parked events in the background until the block ends."""
        async with AsyncExitStack() as stack:
            for listener in self.listeners.values():
                await stack.enter_async_context(listener.running())
            stack.push_async_callback(self._disconnect)
            rounds = [Rounds("bus", self._connect_and_listen, every=RETRY, soon=RETRY)]
            if self.listeners:
                rounds.append(Rounds("parked", self._retry_parked, every=PARKED_POLL))
            for one in rounds:
                await stack.enter_async_context(one.running())
            yield

    @property
    def client(self) -> Client | None:
        """The connection, once there is one."""
        connection = self._connection
        return connection if connection and connection.is_connected else None

    @property
    def _connection(self) -> Client | None:
        return getattr(self.broker, "_connection", None)

    @property
    def jetstream(self) -> JetStreamContext | None:
        """JetStream on that connection."""
        return self.broker.config.connection_state.stream if self.client else None

    def waiting_for(self) -> str | None:
        """What is missing before this service hears and tells, or `None`."""
        if self._refused_at and time.monotonic() - self._refused_at < REFUSED:
            return "nats: this user lacks a permission; is the server's file current?"
        if not self.client:
            return "nats: no connection"
        if self.listeners and not self._listening:
            return "nats: a consumer is missing; has provisioning run?"
        return None

    async def missing_consumer(self) -> str | None:
        """The name of a consumer that is gone from the broker, or `None`."""
        if not self.listeners or not (jetstream := self.jetstream):
            return None
        for listener in self.listeners.values():
            consumer = listener.consumer
            try:
                info = await jetstream.consumer_info(consumer.stream.name, consumer.name, timeout=2)
            except NotFoundError:
                return consumer.name
            except (NatsError, TimeoutError):
                return None  # the broker is away; `waiting_for` says so
            waiting = (info.num_pending or 0) + (info.num_ack_pending or 0)
            consumer_lag.labels(consumer.name).set(waiting)
        return None

    async def has_heard(self, *events: type[Event]) -> bool:
        """Whether all that was told of these facts so far is settled; not while nobody can say."""
        if not (jetstream := self.jetstream):
            return False
        for event in events:
            consumer = self._consumers[event]
            try:
                info = await jetstream.consumer_info(consumer.stream.name, consumer.name, timeout=2)
            except (NatsError, TimeoutError):
                return False
            if info.num_pending or info.num_ack_pending:
                return False
        return True

    async def _disconnect(self) -> None:
        """Let handlers finish, then close, even a connection that is looking for its server."""
        connection = self._connection
        with suppress(Exception):
            await self.broker.stop()
        if connection and not connection.is_closed:
            await connection.close()

    async def _connect_and_listen(self) -> None:
        if self._listening:
            return
        if not self.client:
            await self.broker.connect()
        if await self.missing_consumer() is None and self.client:
            await self.broker.start()
            self._listening = True

    async def _retry_parked(self) -> None:
        async with self._database.begin() as tx:
            due = await parked.take_due(tx, list(self.listeners))
        for event in due:
            await self.retry(event)

    async def retry(self, event: Parked) -> str | None:
        """Handle a parked event again; return why that failed, or `None`.

        Raises:
            KeyError: nobody here listens with its consumer.
        """
        return await self.listeners[event.consumer].retry(event)

    async def _on_error(self, error: Exception) -> None:
        text = str(error).lower()
        if "permissions violation" in text:
            self._refused_at = time.monotonic()
            log.error("NATS refused something this service must be allowed to do")


async def _as_it_came(message: Any) -> Any:
    return message.body
