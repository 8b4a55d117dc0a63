"""An end before a real PostgreSQL that lets nobody in without TLS.

The server in the wheel is built without TLS; this end takes it off and hands on what comes out.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")


class TlsEnd:
    """Where it listens, and who came by."""

    def __init__(self, behind: str, certificate: Path) -> None:
        """Choose what lies behind it.

        Args:
            behind: the URL of a database on a server without TLS.
            certificate: the folder of `tls.crt` and `tls.key`.
        """
        self._behind = urlsplit(behind)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate / "tls.crt", certificate / "tls.key")
        self._port = 0
        self.secured = 0
        """Connections that speak TLS."""
        self.turned_away = 0
        """Connections that did not."""

    def url(self, host: str = "127.0.0.1") -> str:
        """The same database, through this end, by one of this machine's names."""
        there = f"{self._behind.username}:{self._behind.password}@{host}:{self._port}"
        return urlunsplit(self._behind._replace(netloc=there))

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        server = await asyncio.start_server(self._enter, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
                self.turned_away += 1
                return
            writer.write(b"S")
            await writer.start_tls(self._context)
            self.secured += 1
            assert self._behind.hostname
            inside = await asyncio.open_connection(self._behind.hostname, self._behind.port)
            await _between((reader, writer), inside)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _between(outside: Ends, inside: Ends) -> None:
    """Hand on what either says, until one of them is silent for good."""
    ways = [
        asyncio.create_task(_hand_on(outside[0], inside[1])),
        asyncio.create_task(_hand_on(inside[0], outside[1])),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        inside[1].close()


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while said := await reader.read(1 << 16):
        writer.write(said)
        await writer.drain()
