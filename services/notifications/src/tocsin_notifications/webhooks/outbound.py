"""The way out: one POST to an address on the internet that we do not trust.

Every connection is judged when it is made, on the address it is made to, so a name that
resolves elsewhere between a check and its use gains nothing (server-side request forgery).
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from tocsin_notifications.deliveries.outcomes import Answer, Fault, Unreached
from tocsin_notifications.webhooks.addresses import Network, is_allowed, is_public, read

EXCERPT = 500  # characters of an answer that are kept for its owner to read
MOST_READ = 65_536  # bytes of an answer; whoever says more is hung up on
READING = 2.0  # seconds for that; the status has come, and the rest changes nothing
LOOKUPS = 64  # names looked up at once; a name server that hangs holds one of them
AGENT = "Tocsin-Webhooks/1"


class AddressRefused(OSError):
    """A connection would have gone where deliveries may not go."""


class Outbound:
    """Speaks to endpoints, over connections that are kept for the next delivery."""

    def __init__(
        self,
        allowed: Sequence[Network],
        *,
        timeout: float,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """Say where it may go.

        Args:
            allowed: networks that are not public and allowed all the same; only there without TLS.
            timeout: seconds an endpoint has for everything.
            resolver: looks names up instead of the system.
        """
        self._allowed = tuple(allowed)
        self._timeout = timeout
        self._resolver = resolver

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Hold connections until the block ends."""
        own = None if self._resolver else Resolver()
        resolver = self._resolver or own
        try:
            async with (
                self._session(resolver, public=True) as secure,
                self._session(resolver, public=False) as plain,
            ):
                self._sessions = {"https": secure, "http": plain}
                yield
        finally:
            if own:
                await own.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send `body` and return the answer, whatever its status.

        Raises:
            Unreached: there was none.
        """
        try:
            try:
                return await self._post(url, body, headers)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientConnectionResetError):
                # A kept connection that its other end had closed: the same once more, on a new one.
                return await self._post(url, body, headers)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreached(_fault(error)) from None

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        session = self._sessions[urlsplit(url).scheme]
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            return Answer(
                status=response.status,
                excerpt=await _excerpt(response),
                retry_after=response.headers.get("retry-after"),
            )

    def guard(self, address: str, *, public: bool) -> None:
        """Return if a connection to this address may be made.

        Raises:
            AddressRefused: it may not.
        """
        known = read(address)
        if not (is_allowed(known, self._allowed) or (public and is_public(known))):
            raise AddressRefused("not an address that deliveries may go to")

    def _session(self, resolver: AbstractResolver | None, *, public: bool) -> aiohttp.ClientSession:
        def connect_to(address: Any) -> socket.socket:
            family, kind, protocol, _, where = address
            self.guard(where[0], public=public)
            return socket.socket(family, kind, protocol)

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=resolver,
                socket_factory=connect_to,
                limit=0,  # the courier bounds what goes on at once
                ttl_dns_cache=10,
                keepalive_timeout=30,
            ),
            timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=self._timeout / 2),
            headers={"user-agent": AGENT, "accept-encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            requote_redirect_url=False,
        )


class Resolver(AbstractResolver):
    """The system's resolver, in threads of its own, so that a slow name holds up nobody else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, _look_up, host, port, family
        )
        return [
            ResolveResult(
                hostname=host,
                host=str(where[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, protocol, _, where in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: socket.AddressFamily) -> Sequence[Any]:
    return socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)


async def _excerpt(response: aiohttp.ClientResponse) -> str:
    """Read the beginning of an answer; one that is too long or too slow costs it its connection."""
    said = b""
    if response.content.at_eof():
        return ""
    try:
        async with asyncio.timeout(READING):
            async for chunk in response.content.iter_chunked(MOST_READ):
                said += chunk
                if len(said) > MOST_READ:
                    response.close()
                    break
    except (aiohttp.ClientError, OSError):
        response.close()
    return said[: 4 * EXCERPT].decode(errors="replace").replace("\x00", "")[:EXCERPT]


def _fault(error: BaseException) -> Fault:
    if isinstance(error, TimeoutError):
        return Fault.TIMEOUT
    if isinstance(error, aiohttp.InvalidURL):
        return Fault.ADDRESS_REFUSED  # an address written as nobody honest writes it, like 127.1
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Fault.NAME
    if isinstance(error, aiohttp.ClientSSLError):
        return Fault.TLS
    if isinstance(error, aiohttp.ClientConnectorError):
        refused = isinstance(error.os_error, AddressRefused)
        return Fault.ADDRESS_REFUSED if refused else Fault.CONNECT
    if isinstance(error, aiohttp.ServerConnectionError | aiohttp.ClientOSError | OSError):
        return Fault.CONNECT
    return Fault.PROTOCOL
