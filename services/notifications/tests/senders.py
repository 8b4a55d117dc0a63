"""Processes of notifications that a test may kill."""

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp

from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client


class Sender:
    """`python -m tocsin_notifications`, in a process that can be killed."""

    def __init__(self, environment: dict[str, str], role: str = "serve") -> None:
        self._role = role
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self._environment = environment | {
            "TOCSIN_PORT": str(self.port),
            "TOCSIN_LEASE_SECONDS": "5",  # as in production: a busy machine loses none of them
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tocsin_notifications",
            self._role,
            env=self._environment,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def terminate(self) -> int:
        """SIGTERM: what a rolling update does. Return the process's status once it has ended."""
        assert self._process
        self._process.terminate()
        return await self._process.wait()

    async def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Client]:
        url = f"http://127.0.0.1:{self.port}"
        async with aiohttp.ClientSession(url) as http:

            async def ready() -> bool:
                try:
                    async with http.get("/readyz") as answer:
                        return answer.status == 200
                except aiohttp.ClientError:
                    return False

            await eventually(ready, within=60)
            yield Client(url, http)
