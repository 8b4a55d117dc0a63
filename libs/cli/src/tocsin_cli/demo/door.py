"""A service's door, as one caller stands before it: asked again while the service is away."""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import aiohttp

from tocsin_cli.errors import NotReady, Refused

AGAIN = 0.1  # seconds before the same question is asked again
PATIENCE = 60.0  # seconds; a service that was killed takes two to five to come back
AWAY = {502, 503, 504}
PAGE = 200


@dataclass(frozen=True)
class Door:
    """One caller at one service."""

    http: aiohttp.ClientSession
    url: str
    key: str

    async def get(self, path: str) -> Any:
        return await self.ask("GET", path)

    async def post(self, path: str, body: Any = None) -> Any:
        return await self.ask("POST", path, body)

    async def all(self, path: str) -> list[Any]:
        """Every row of a list, following its cursors."""
        return [row async for row in self._rows(path)]

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON of the answer, however often the question must be asked.

        Raises:
            Refused: the service understood and said no.
            NotReady: it stayed away for longer than a restart takes.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            status, answer = await self.try_once(method, path, body)
            if 200 <= status < 300:
                return answer
            if status and status not in AWAY:
                raise Refused(
                    f"{method} {path} was answered {status}", "This is a fault of Tocsin."
                )
            if time.monotonic() > deadline:
                raise NotReady(f"{self.url} stayed away", "See how busy this machine is.")
            await asyncio.sleep(AGAIN)

    async def try_once(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return the status and the JSON of the answer; 0 if there was none."""
        headers = {"Authorization": f"Bearer {self.key}", "If-Match": "*"}
        try:
            async with self.http.request(
                method, self.url + path, json=body, headers=headers
            ) as answer:
                is_json = "json" in answer.content_type
                return answer.status, await answer.json(content_type=None) if is_json else None
        except (aiohttp.ClientError, TimeoutError):
            return 0, None

    async def _rows(self, path: str) -> AsyncGenerator[Any]:
        after = ""
        while True:
            page = await self.get(f"{path}?limit={PAGE}{after}")
            for row in page["data"]:
                yield row
            if page["next_cursor"] is None:
                return
            after = f"&after={page['next_cursor']}"
