"""The mechanisms under test: a sample service under the name of cases, on real servers."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from nats.aio.client import Client as Nats
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tocsin_common import migrations
from tocsin_common.database import Database
from tocsin_common.listening import Handler
from tocsin_common.messaging import Bus
from tocsin_common.relay import Relay
from tocsin_common.telemetry import TRACE_ATTRIBUTES
from tocsin_common.testing import eventually
from tocsin_common.testing.servers import Servers
from tocsin_contracts.events.base import Event
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_contracts.streams import CASES, INTAKE

Hearing = Callable[..., AbstractAsyncContextManager[Bus]]
Shipping = Callable[..., AbstractAsyncContextManager[Relay]]


@pytest.fixture(scope="session")
def service_name() -> str:
    return CASES


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated(servers: Servers) -> str:
    return await _migrated(servers, CASES)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated_intake(servers: Servers) -> str:
    return await _migrated(servers, INTAKE)


async def _migrated(servers: Servers, service: str) -> str:
    database = Database(servers.postgres.url(service), name=f"{service}-migrate")
    await migrations.migrate("sample", database)
    await database.close()
    return database.dsn


@pytest_asyncio.fixture(loop_scope="session")
async def another_database(migrated_intake: str) -> AsyncGenerator[Database]:
    """The database of a second service, for what happens between two."""
    database = Database(migrated_intake, name="intake-tests")
    yield database
    await database.close()


@pytest.fixture(scope="session")
def recorded() -> InMemorySpanExporter:
    """Telemetry is on in all tests."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture(autouse=True)
def spans(recorded: InMemorySpanExporter) -> Generator[InMemorySpanExporter]:
    """The spans of one test: whatever it did, they hold nothing that is not on the list."""
    recorded.clear()
    yield recorded
    for span in recorded.get_finished_spans():
        assert set(span.attributes or {}) <= TRACE_ATTRIBUTES
        assert not span.events
        assert not span.status.description


@pytest.fixture
def hearing(servers: Servers, streams: Nats, database: Database) -> Hearing:
    """Listen with a handler until the block ends."""

    @asynccontextmanager
    async def hear(
        handler: Handler[Any], event: type[Event] = ComplaintReceived
    ) -> AsyncGenerator[Bus]:
        bus = bus_of(servers, CASES, database)
        bus.listen(event, handler)
        async with bus.running():
            await eventually(lambda: bus.waiting_for() is None)
            yield bus

    return hear


@pytest.fixture
def shipping(servers: Servers, database: Database) -> Shipping:
    """Ship what is in the outbox until the block ends."""

    @asynccontextmanager
    async def ship(service: str = CASES, source: Database = database) -> AsyncGenerator[Relay]:
        bus = bus_of(servers, service, source)
        relay = Relay(source, bus)
        async with bus.running(), relay.running():
            yield relay

    return ship


def bus_of(servers: Servers, service: str, database: Database) -> Bus:
    return Bus(
        service,
        url=servers.nats.url,
        password=servers.secrets.nats_password(service),
        database=database,
    )
