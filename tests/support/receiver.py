"""A buyer's own server, which Tocsin posts webhooks to."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

from tocsin_common.testing.http import standing_in


@dataclass(frozen=True)
class Hit:
    """One webhook as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """What all attempts at one delivery have in common."""
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        """Like `alert.raised`."""
        return json.loads(self.body)["type"]

    @property
    def told(self) -> Any:
        return json.loads(self.body)["data"]

    @property
    def alert_id(self) -> str:
        return self.told["alert_id"]

    @property
    def version(self) -> int:
        return self.told["version"]

    @property
    def bytes(self) -> bytes:
        """Everything that came, headers included."""
        lines = [f"{name}: {value}\n".encode() for name, value in self.headers.items()]
        return b"".join(lines) + self.body

    def verify(self, secret: str) -> None:
        """Return if the official library finds it signed with the endpoint's secret.

        Raises:
            WebhookVerificationError: it is not.
        """
        Webhook(secret).verify(self.body, self.headers)


class Receiver:
    """Remembers every webhook, and takes it unless it was told to refuse some."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.url = ""
        self._refusing = False
        self._answering = asyncio.Event()
        self._answering.set()

    @contextmanager
    def refusing(self) -> Generator[None]:
        """Answer every webhook with 500 until the block ends."""
        self._refusing = True
        try:
            yield
        finally:
            self._refusing = False

    @contextmanager
    def silent(self) -> Generator[None]:
        """Take webhooks and answer none until the block ends."""
        self._answering.clear()
        try:
            yield
        finally:
            self._answering.set()

    def of(self, alert_id: str) -> list[Hit]:
        """What came of one alert."""
        return [hit for hit in self.hits if hit.alert_id == alert_id]

    def versions(self) -> dict[str, list[int]]:
        """By alert, its versions in the order in which they first came."""
        came: defaultdict[str, list[int]] = defaultdict(list)
        for hit in self.hits:
            if hit.version not in came[hit.alert_id]:
                came[hit.alert_id].append(hit.version)
        return dict(came)

    def newest(self) -> dict[str, int]:
        """By alert, the version that came last."""
        return {alert_id: versions[-1] for alert_id, versions in self.versions().items()}

    def contradictions(self) -> list[str]:
        """What was not told once and in order: two ids for one version, two bodies, a step back."""
        ids: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
        bodies: defaultdict[str, set[bytes]] = defaultdict(set)
        for hit in self.hits:
            ids[hit.alert_id, hit.version].add(hit.id)
            bodies[hit.id].add(hit.body)
        return [
            *(f"two ids for {version}" for version, found in ids.items() if len(found) > 1),
            *(f"two bodies under {one}" for one, found in bodies.items() if len(found) > 1),
            *(
                f"a step back: {one}"
                for one, came in self.versions().items()
                if came != sorted(came)
            ),
        ]

    @asynccontextmanager
    async def running(self, host: str = "127.0.0.1") -> AsyncGenerator["Receiver"]:
        """Listen on a free port of an address of this machine until the block ends."""
        app = web.Application()
        app.router.add_post("/webhooks", self._receive)
        async with standing_in(app, host) as origin:
            self.url = f"{origin}/webhooks"
            yield self

    async def _receive(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.hits.append(Hit(headers, await request.read()))
        await self._answering.wait()
        return web.Response(status=500 if self._refusing else 204)
