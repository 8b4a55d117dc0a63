"""Processes of intake that a test may kill."""

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client


class Process:
    """`python -m tocsin_intake serve`, with a folder of its own for whatever it writes."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self._port = listener.getsockname()[1]
        places = {"TMPDIR": str(folder), "HOME": str(folder)}
        self._environment = environment | places | {"TOCSIN_PORT": str(self._port)}
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Client]:
        """Serve until the block ends, and then be killed: nothing is tidied up."""
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tocsin_intake", "serve"),
                env=self._environment,
                cwd=self._folder,
                stderr=log,
            )
        url = f"http://127.0.0.1:{self._port}"
        try:
            async with aiohttp.ClientSession(url) as http:
                await eventually(lambda: _ready(http), within=120)
                yield Client(url, http)
        finally:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


async def _ready(http: aiohttp.ClientSession) -> bool:
    try:
        async with http.get("/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
