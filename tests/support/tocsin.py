"""All of Tocsin, run for a test: told what the test chose, killed, restarted, looked into."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import asyncpg
import nats
from nats.aio.client import Client as Nats
from nats.errors import Error as NatsError
from nats.js.api import RawStreamMsg

from tests.support.clients import Caller
from tocsin_cli import ports
from tocsin_cli.embedded import NatsServer
from tocsin_cli.embedded.ports import free_port
from tocsin_cli.files import write_private
from tocsin_cli.stack import Broker, Stack
from tocsin_common.testing import all_heard, eventually
from tocsin_common.testing.http import Client
from tocsin_common.tls import tls_for
from tocsin_contracts.permissions import PROVISION, inbox_prefix
from tocsin_contracts.streams import CONSUMERS, SERVICES

SLOT = 2.0  # seconds from one slot to the next
FAST = {
    "TOCSIN_SLOTS": f"every {SLOT:.0f}s",
    "TOCSIN_SETTLE_SECONDS": "0",
    "TOCSIN_SPREAD_SECONDS": "0",
    "TOCSIN_NOTICE_SECONDS": "0",
    "TOCSIN_ALLOWED_NETWORKS": "127.0.0.0/8",
    "TOCSIN_RETRY_SCALE": "0.0005",
    "TOCSIN_LEASE_SECONDS": "2",
}
SERVERS = ("nats", "postgres")
PATIENCE = 180.0  # seconds; a very busy machine takes a minute to start a service
_LOOK = 0.1  # seconds between looks at what has died


class Tocsin:
    """Two servers and four services, on durable settings; what dies is started again."""

    def __init__(self, stack: Stack, http: dict[str, Client], bus: Nats) -> None:
        self.stack = stack
        self.http = http
        self.bus = bus
        """The provisioning user's connection: it may look into every stream."""
        self._tended = asyncio.Event()
        self._tended.set()

    @property
    def logs(self) -> Path:
        """Where every part writes its log."""
        return self.stack.directory / "logs"

    def operator(self, service: str) -> Caller:
        """The operator at the door of one service."""
        return Caller(self.http[service], self.stack.secrets.admin_key(service))

    def kill(self, part: str) -> None:
        """End a service or a server at once, as a power cut would; it is started again."""
        programs = {**self.stack.services, "nats": self.stack.nats, "postgres": self.stack.postgres}
        programs[part].kill()

    @asynccontextmanager
    async def on_the_bus_as(self, service: str) -> AsyncGenerator[Nats]:
        """Whoever has a service's NATS password, with what that user may do."""
        client = await connect(self.stack, service)
        try:
            yield client
        finally:
            await client.close()

    @asynccontextmanager
    async def untended(self) -> AsyncGenerator[None]:
        """Leave dead what dies, until the block ends."""
        self._tended.clear()
        try:
            yield
        finally:
            self._tended.set()

    async def restart(self, service: str) -> None:
        """End a service in good order, and wait until its successor is ready."""
        self.stack.services[service].stop()
        await self.ready()

    async def ready(self) -> None:
        """Wait until every service says that it is ready."""
        await eventually(self._all_ready, within=PATIENCE)

    async def quiet(self) -> None:
        """Wait until every event has been shipped and settled, and every service knows of it."""
        await eventually(self._all_settled, within=PATIENCE)

    async def told(self, stream: str) -> list[RawStreamMsg]:
        """Everything that lies in a stream, in order."""
        jetstream = self.bus.jetstream()
        state = (await jetstream.stream_info(stream)).state
        numbers = range(state.first_seq, state.last_seq + 1)
        return [await jetstream.get_msg(stream, number) for number in numbers]

    async def _all_ready(self) -> bool:
        for service in SERVICES:
            try:
                answer = await self.http[service].get("/readyz")
            except aiohttp.ClientError:
                return False
            if answer.status != 200:
                return False
        return True

    async def _all_settled(self) -> bool:
        for service in SERVICES:
            connection = await asyncpg.connect(self.stack.postgres.url(service))
            try:
                if await connection.fetchval("select count(*) from outbox"):
                    return False
            finally:
                await connection.close()
        try:
            return await all_heard(self.bus.jetstream(), CONSUMERS)
        except (NatsError, TimeoutError):  # a leader is being chosen
            return False

    @asynccontextmanager
    async def tended(self) -> AsyncGenerator[None]:
        """Start again what dies, until the block ends."""
        tending = asyncio.create_task(self._tend_for_ever())
        try:
            yield
        finally:
            tending.cancel()
            await asyncio.gather(tending, return_exceptions=True)

    async def _tend_for_ever(self) -> None:
        while True:
            await self._tended.wait()
            self.stack.tend()
            await asyncio.sleep(_LOOK)


@asynccontextmanager
async def running(
    settings: Mapping[str, str], *, broker: Callable[..., Broker] = NatsServer
) -> AsyncGenerator[Tocsin]:
    """Run all of Tocsin in a folder that goes away, with slots every two seconds.

    Args:
        settings: more environment variables for all four services.
        broker: makes what they talk over.
    """
    directory = new_directory()
    try:
        stack = Stack(directory, settings={**FAST, **settings}, broker=broker)
        try:
            stack.start()
            async with connected(stack) as tocsin, tocsin.tended():
                yield tocsin
        finally:
            stack.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def new_directory() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="tocsin-test-"))
    directory.chmod(0o711)  # as root the servers run as somebody else
    _choose_ports(directory)
    return directory


def _choose_ports(directory: Path) -> None:
    """Leave the documented ports to whatever Tocsin runs on this machine."""
    chosen: dict[str, int] = {}
    for part in ports.DOCUMENTED:
        while (port := free_port()) in chosen.values():
            pass
        chosen[part] = port
    write_private(directory / ports.FILE, json.dumps(chosen))


@asynccontextmanager
async def connected(stack: Stack) -> AsyncGenerator[Tocsin]:
    async with AsyncExitStack() as connections:
        http: dict[str, Client] = {}
        for service in SERVICES:
            url = stack.url(service)
            session = aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=30))
            http[service] = Client(url, await connections.enter_async_context(session))
        bus = await connect(stack, PROVISION)
        connections.push_async_callback(bus.close)
        yield Tocsin(stack, http, bus)


async def connect(stack: Stack, user: str) -> Nats:
    """Connect to NATS as one of its users, with that user's permissions."""
    trusted = stack.settings.get("TOCSIN_NATS_CA_FILE")
    tls = tls_for(stack.nats.url, Path(trusted) if trusted else None)
    return await nats.connect(
        stack.nats.url.split(","),
        tls=tls,
        tls_handshake_first=tls is not None,
        user=user,
        password=stack.secrets.nats_password(user),
        inbox_prefix=inbox_prefix(user),
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.2,  # pyright: ignore[reportArgumentType]
        error_cb=_quietly,
    )


async def _quietly(_: Exception) -> None:
    return None
