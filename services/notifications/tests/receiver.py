"""A buyer's own server, as hostile as a test wants it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

from tocsin_common.testing import eventually


@dataclass(frozen=True)
class Hit:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    @property
    def version(self) -> int:
        return self.told["data"]["version"]

    def verified_with(self, secret: str) -> Any:
        """What it says, verified by the official library."""
        return Webhook(secret).verify(self.body, self.headers)


Answer = Callable[[Hit], Awaitable[web.StreamResponse]]


class Receiver:
    """Remembers every request, and answers each path as it was told to; else 204."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.port = 0
        self.arrived = asyncio.Event()
        self.connections: set[asyncio.BaseTransport] = set()
        self._answers: dict[str, Answer] = {}

    def close_connections(self) -> None:
        """Close what clients keep open, as a server that restarts does."""
        for connection in self.connections:
            connection.close()

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Hit]:
        return [hit for hit in self.hits if hit.path == path]

    async def got(self, count: int, *, within: float = 60) -> None:
        """Wait until at least so many requests have arrived."""
        await eventually(lambda: len(self.hits) >= count, within)

    def answer(self, path: str, answer: Answer) -> None:
        """Answer requests to this path so."""
        self._answers[path] = answer

    def answer_with(self, path: str, *statuses: int, headers: dict[str, str] | None = None) -> None:
        """Answer requests to this path with these statuses, one after the other; then 204."""
        left = list(statuses)

        async def one(_: Hit) -> web.Response:
            status = left.pop(0) if left else 204
            return web.Response(status=status, headers=headers if status != 204 else None)

        self._answers[path] = one

    def hang(self, path: str) -> asyncio.Event:
        """Keep requests to this path waiting until the event is set."""
        free = asyncio.Event()

        async def wait(_: Hit) -> web.Response:
            await free.wait()
            return web.Response(status=204)

        self._answers[path] = wait
        return free

    @asynccontextmanager
    async def running(self, host: str = "127.0.0.1", port: int = 0) -> AsyncGenerator["Receiver"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._receive)
        runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        hit = Hit(request.path, headers, await request.read())
        self.hits.append(hit)
        self.arrived.set()
        if request.transport:
            self.connections.add(request.transport)
        if answer := self._answers.get(request.path):
            return await answer(hit)
        return web.Response(status=204)
