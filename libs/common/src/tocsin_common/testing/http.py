"""An application served as in production, a client for it, and who stands in for others."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import uvicorn
from aiohttp import web
from fastapi import FastAPI

from tocsin_common.service import Server


@dataclass(frozen=True)
class Answer:
    """A response that was read to its end."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "").split(";")[0]

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Client:
    """Speaks to one served application."""

    url: str
    http: aiohttp.ClientSession

    async def get(self, path: str, **options: Any) -> Answer:
        """Ask, and read the whole answer."""
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Answer:
        """Send, and read the whole answer."""
        return await self.request("POST", path, **options)

    async def request(self, method: str, path: str, **options: Any) -> Answer:
        """Make a request with aiohttp's options, and read the whole answer."""
        async with self.http.request(method, path, **options) as response:
            return Answer(response.status, response.headers, await response.text())

    def with_key(self, key: str) -> dict[str, str]:
        """The header that shows an API key."""
        return {"Authorization": f"Bearer {key}"}


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncGenerator[Client]:
    """Serve `app` by uvicorn on a free port of 127.0.0.1 until the block ends."""
    # Named as TCP, or asyncio leaves Nagle's algorithm on and every answer waits 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)
        port = listener.getsockname()[1]
        server = Server(
            uvicorn.Config(
                app,
                lifespan="on",
                log_config=None,
                timeout_graceful_shutdown=1,
                timeout_keep_alive=600,  # a test that starts a server holds the loop up for long
            )
        )
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                if task.done():
                    await task
                await asyncio.sleep(0.01)
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
                yield Client(f"http://127.0.0.1:{port}", http)
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def standing_in(app: web.Application, host: str = "127.0.0.1") -> AsyncGenerator[str]:
    """Serve what plays somebody else's server, on a free port until the block ends.

    Yields where it is, as `http://127.0.0.1:20001`.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, 0).start()
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def answering(handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.Application:
    """What answers every request in one way."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    return app
