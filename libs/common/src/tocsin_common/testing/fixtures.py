"""The fixtures every package's tests share."""

import asyncio
import inspect
import json
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from sqlalchemy import text

from tocsin_common import migrations, outbox, provision
from tocsin_common.database import Database
from tocsin_common.models import Table
from tocsin_common.settings import Settings
from tocsin_common.telemetry import Trace
from tocsin_common.testing.servers import Servers, start
from tocsin_contracts.events.base import Event
from tocsin_contracts.permissions import PROVISION, inbox_prefix
from tocsin_contracts.streams import SERVICES, STREAMS, stream_of

S = TypeVar("S", bound=Settings)

Tell = Callable[[Event], Awaitable[None]]
TellRaw = Callable[..., Awaitable[None]]
ToldIn = Callable[[str], Awaitable[list[Msg]]]


@pytest.fixture(scope="session")
def service_name() -> str:
    """The service under test; each service's conftest says which."""
    raise LookupError("conftest.py must override the fixture `service_name`")


@pytest.fixture(scope="session")
def servers() -> Generator[Servers]:
    """A real PostgreSQL and a real NATS for this pytest process."""
    with start() as running:
        yield running


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real input that `TOCSIN_REAL_DATA` names; a clone without one skips.

    With `TOCSIN_NO_SKIPS` set, as in CI, its absence is a failure.
    """
    folder = os.environ.get("TOCSIN_REAL_DATA", "")
    if folder and Path(folder).is_dir():
        return Path(folder)
    missing = "TOCSIN_REAL_DATA names no folder: there is no real input to read"
    if os.environ.get("TOCSIN_NO_SKIPS"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def chosen() -> dict[str, str]:
    """Settings that this package's tests choose; a conftest may override it."""
    return {}


@pytest.fixture(scope="session")
def environment(servers: Servers, service_name: str, chosen: dict[str, str]) -> dict[str, str]:
    """The variables a process of the service under test needs."""
    return {**servers.environment(service_name), **chosen}


def settings_from(environment: Mapping[str, str], settings: Callable[..., S]) -> S:
    """A service's settings as its process reads them from these variables."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return settings()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated(servers: Servers, service_name: str) -> str:
    """The address of the service's database, at its newest schema."""
    dsn = servers.postgres.url(service_name)
    database = Database(dsn, name=f"{service_name}-migrate")
    await migrations.migrate(f"tocsin_{service_name}", database)
    await database.close()
    return dsn


@pytest_asyncio.fixture(loop_scope="session")
async def database(migrated: str, service_name: str) -> AsyncGenerator[Database]:
    """The service's own database, with its schema and nothing in it."""
    database = Database(migrated, name=f"{service_name}-tests")
    names = ", ".join(f'"{table.name}"' for table in Table.metadata.sorted_tables)
    async with database.begin() as tx:
        await tx.execute(text(f"truncate {names}"))
    yield database
    await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def streams(servers: Servers) -> AsyncGenerator[Client]:
    """All streams and consumers as provisioned, and empty; the provisioning user's connection."""
    client = await connect(servers, PROVISION)
    jetstream = client.jetstream(timeout=10)
    there = {info.config.name for info in await jetstream.streams_info()}
    for stream in STREAMS:
        if stream.name in there:
            await jetstream.delete_stream(stream.name)
    await provision.provision(jetstream, provision.ProvisionSettings(stream_max_bytes=64 << 20))
    yield client
    await client.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tell(
    servers: Servers,
    streams: Client,  # noqa: ARG001 - there must be streams to publish into
) -> AsyncGenerator[TellRaw]:
    """Publish an event as its teller would, in a trace; `body` replaces what it says."""
    clients = {name: await connect(servers, name) for name in SERVICES}

    async def publish(
        event: Event, *, body: bytes | None = None, trace: Trace | None = None
    ) -> None:
        row = outbox.prepare(event)
        teller = clients[stream_of(type(event)).teller]
        headers = json.loads(row.headers) | ({"traceparent": trace} if trace else {})
        await teller.jetstream().publish(
            row.subject, row.payload if body is None else body, headers=headers
        )

    yield publish
    for client in clients.values():
        await client.close()


@pytest.fixture
def told(streams: Client) -> ToldIn:
    """Read everything that lies in a stream."""

    async def read(stream: str) -> list[Msg]:
        jetstream = streams.jetstream()
        count = (await jetstream.stream_info(stream)).state.messages
        consumer = await jetstream.add_consumer(
            stream,
            ConsumerConfig(
                ack_policy=AckPolicy.NONE,
                deliver_policy=DeliverPolicy.ALL,
                inactive_threshold=30,
            ),
        )
        subscription = await jetstream.pull_subscribe_bind(consumer.name, stream=stream)
        found: list[Msg] = []
        try:
            while len(found) < count:
                found += await subscription.fetch(count - len(found), timeout=5)
        finally:
            await subscription.unsubscribe()
        return found

    return read


async def connect(servers: Servers, user: str) -> Client:
    """Connect as one of the users, with what that user may do."""
    return await nats.connect(
        servers.nats.url,
        user=user,
        password=servers.secrets.nats_password(user),
        inbox_prefix=inbox_prefix(user),
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        error_cb=_quietly,
    )


async def settled(client: Client) -> None:
    """Wait until the server has read everything that a client has said so far.

    Twice, because nats-py writes a flush's PING past what still waits to be written.
    """
    await client.flush()
    await client.flush()


async def _quietly(_: Exception) -> None:
    return None


async def eventually(check: Callable[[], Any], within: float = 60.0) -> Any:
    """Wait until `check()` returns something true, and return that.

    Raises:
        AssertionError: it did not within so many seconds; tells the last value.
    """
    deadline = time.monotonic() + within
    while True:
        value = check()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s; the last value was {value!r}")
        await asyncio.sleep(0.02)
