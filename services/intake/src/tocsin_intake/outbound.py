"""The way out to hotlines' own systems: only to hosts that an operator or the system named.

What comes in from outside (a message, a form) may say where its photo lies, and so could choose
where intake connects. It cannot: a request goes to an origin (scheme, host and port, all equal)
that stands in the integration's settings, or not at all. So there is no guard that judges
addresses, as there is where anybody may register an endpoint: what the operator named may lie in
the operator's own network, and what nobody named is not even looked up. An address written as
numbers is one more host that nobody named, unless an operator did.

Nothing here is logged or raised with an address in it: some carry the credentials in their path.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Self

import aiohttp
from yarl import URL

from tocsin_common.errors import RuleBroken

AGENT = "Tocsin-Intake/1"
CONNECTING = 10.0  # seconds, the look-up of the name among them
SILENCE = 20.0  # seconds without a byte
ASKING = 30.0  # seconds for a question and its answer
DOWNLOADING = 120.0  # seconds for a file, however slowly it comes
MOST_ANSWER = 1_000_000  # bytes of an answer that is no file
MOST_REDIRECTS = 3
AT_ONCE = 16  # connections of this process
BLOCK = 65_536

_PRINTABLE = re.compile(r"[!-\[\]-~]{1,4000}")  # ASCII without spaces and backslash
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class NotNamed(RuleBroken):
    """The address leads where nobody of ours said that intake may go."""


class TooLarge(RuleBroken):
    """More came than was asked for."""


class Fault(StrEnum):
    """Why there was no whole answer."""

    CONNECT = "connect"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"


class Unreached(Exception):
    """There was no whole answer; later there may be."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


class Origin(NamedTuple):
    """Where a connection goes: two are the same only if all of it is."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: URL) -> Self:
        """Read it off an address.

        Raises:
            NotNamed: it is no plain http(s) address.
        """
        if url.scheme not in ("http", "https") or not url.raw_host or not url.port:
            raise NotNamed
        if url.raw_user or url.raw_password:
            raise NotNamed
        return cls(url.scheme, url.raw_host.lower().rstrip("."), url.port)


@dataclass(frozen=True, slots=True)
class Reach:
    """The origins one integration may be led to, and what shows each of them who asks."""

    named: Mapping[Origin, Mapping[str, str]] = field(repr=False)

    def headers_for(self, url: URL) -> Mapping[str, str]:
        """The credentials that are shown there; often none.

        Raises:
            NotNamed: it is none of the origins.
        """
        try:
            return self.named[Origin.of(url)]
        except KeyError:
            raise NotNamed from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system answered, whatever its status."""

    status: int
    body: bytes = field(repr=False)
    retry_after: str | None = None


class Download:
    """A file that begins to come."""

    def __init__(self, response: aiohttp.ClientResponse, most: int) -> None:
        self._response = response
        self._most = most
        self.status = response.status
        self.retry_after = response.headers.get("retry-after")

    async def blocks(self) -> AsyncIterator[bytes]:
        """Its bytes as they come, however many were announced.

        Raises:
            TooLarge: they are more than was asked for.
            Unreached: they do not come to an end.
        """
        if (self._response.content_length or 0) > self._most:
            raise TooLarge
        came = 0
        with _faults():
            async for block in self._response.content.iter_chunked(BLOCK):
                came += len(block)
                if came > self._most:
                    raise TooLarge
                yield block


class Outbound:
    """Speaks to hotlines' own systems, by one session in the whole process."""

    def __init__(self, *, plain_http: bool = False) -> None:
        """Say whether `http` is allowed as well: for development and tests only."""
        self._schemes = frozenset({"https", "http"} if plain_http else {"https"})
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Hold connections until the block ends."""
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=AT_ONCE, ttl_dns_cache=10),
            headers={"user-agent": AGENT, "accept-encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # a small answer stays small
            trust_env=False,  # no proxy, no .netrc
        ) as session:
            self._session = session
            try:
                yield
            finally:
                self._session = None

    async def ask(
        self,
        method: str,
        address: str,
        reach: Reach,
        *,
        body: bytes = b"",
        content_type: str = "application/json",
    ) -> Answer:
        """Send a request and return the whole answer; only a GET is led on to other addresses.

        Raises:
            NotNamed: it leads where nobody said that intake may go.
            TooLarge: the answer is larger than any we expect.
            Unreached: there was none.
        """
        sent = {"content-type": content_type} if body else {}
        async with self._open(method, address, reach, body, sent, ASKING) as response:
            said = b"".join([one async for one in Download(response, MOST_ANSWER).blocks()])
            return Answer(response.status, said, response.headers.get("retry-after"))

    @asynccontextmanager
    async def download(self, address: str, reach: Reach, most: int) -> AsyncGenerator[Download]:
        """Begin to fetch a file of at most so many bytes.

        Raises:
            NotNamed: it leads where nobody said that intake may go.
            Unreached: there was no answer.
        """
        async with self._open("GET", address, reach, b"", {}, DOWNLOADING) as response:
            yield Download(response, most)

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        address: str,
        reach: Reach,
        body: bytes,
        sent: Mapping[str, str],
        patience: float,
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        url = _read(address)
        shown = {**reach.headers_for(url), **sent}
        first = Origin.of(url)
        for _ in range(1 + MOST_REDIRECTS):
            response = await self._send(method, url, shown, body, patience)
            try:
                further = response.headers.get("location")
                if method != "GET" or response.status not in _REDIRECTS or not further:
                    yield response
                    return
                url = url.join(_read(further))
            finally:
                response.close()
            reach.headers_for(url)
            shown = shown if Origin.of(url) == first else {}
        raise Unreached(Fault.PROTOCOL)

    async def _send(
        self, method: str, url: URL, shown: Mapping[str, str], body: bytes, patience: float
    ) -> aiohttp.ClientResponse:
        if url.scheme not in self._schemes:
            raise NotNamed
        if self._session is None:
            raise Unreached(Fault.CONNECT)
        limits = aiohttp.ClientTimeout(
            total=patience, connect=CONNECTING, sock_connect=CONNECTING, sock_read=SILENCE
        )
        with _faults():
            response = await self._session.request(
                method,
                url,
                headers=shown,
                data=body or None,
                allow_redirects=False,
                timeout=limits,
            )
        if response.headers.get("content-encoding", "identity") != "identity":
            response.close()
            raise Unreached(Fault.PROTOCOL)
        return response


@contextmanager
def _faults() -> Generator[None]:
    """Turn what the network does into `Unreached`, which says no more than its kind."""
    try:
        yield
    except TimeoutError:
        raise Unreached(Fault.TIMEOUT) from None
    except (aiohttp.ClientConnectionError, OSError):
        raise Unreached(Fault.CONNECT) from None
    except (aiohttp.ClientError, ValueError):
        raise Unreached(Fault.PROTOCOL) from None


def _read(address: str) -> URL:
    """Read an address once, so that what is judged is what is connected to.

    Raises:
        NotNamed: it is not written as such addresses are.
    """
    if not _PRINTABLE.fullmatch(address):
        raise NotNamed
    try:
        return URL(address, encoded=True)
    except ValueError:
        raise NotNamed from None
