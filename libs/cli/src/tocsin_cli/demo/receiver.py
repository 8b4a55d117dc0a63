"""The buyers' own server: it takes webhooks, verifies them, and sometimes is not well."""

import json
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from tocsin_cli.demo.ledger import Version, Webhook

HANGS_UP = 6  # of so many it takes, it leaves one without an answer: that one must come again
OUT_OF_ORDER = 2  # so many of the first it turns away


@dataclass
class Endpoint:
    """One of a buyer's endpoints."""

    name: str
    url: str
    secret: str = ""
    """Given by notifications when the endpoint is registered."""
    turned_away: int = 0
    taken: int = 0


@dataclass
class Receiver:
    """Everything the endpoints took, in order."""

    webhooks: list[Webhook] = field(default_factory=list[Webhook])
    seconds_after_slot: list[float] = field(default_factory=list[float])
    """From an alert's slot to its first arrival."""
    last_at: float = 0.0
    """When the newest webhook came, by `time.monotonic`."""
    _endpoints: dict[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    _base: str = ""

    @asynccontextmanager
    async def running(self, host: str) -> AsyncGenerator[None]:
        """Listen on a free port of an address of this machine until the block ends."""
        app = web.Application()
        app.router.add_post("/{endpoint}", self._receive)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, 0).start()
            self._base = f"http://{host}:{runner.addresses[0][1]}"
            yield
        finally:
            await runner.cleanup()

    def endpoint(self, name: str) -> Endpoint:
        """Open an endpoint."""
        return self._endpoints.setdefault(name, Endpoint(name, f"{self._base}/{name}"))

    async def _receive(self, request: web.Request) -> web.Response:
        endpoint = self._endpoints[request.match_info["endpoint"]]
        body = await request.read()
        if endpoint.turned_away < OUT_OF_ORDER:
            endpoint.turned_away += 1
            return web.Response(status=503)
        self._take(endpoint, request.headers, body)
        if endpoint.taken % HANGS_UP == 1 and request.transport:
            request.transport.close()  # taken, but the sender will never know
        return web.Response(status=204)

    def _take(self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> None:
        told = json.loads(body)
        webhook = Webhook(
            endpoint=endpoint.name,
            webhook_id=headers.get("webhook-id", ""),
            version=Version(told["data"]["alert_id"], told["data"]["version"]),
            body=body,
            genuine=_is_genuine(endpoint.secret, headers, body),
        )
        is_new = all(one.webhook_id != webhook.webhook_id for one in self.webhooks)
        if is_new:
            slot = datetime.fromisoformat(told["timestamp"])
            self.seconds_after_slot.append(time.time() - slot.timestamp())
        self.webhooks.append(webhook)
        self.last_at = time.monotonic()
        endpoint.taken += 1


def _is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Verify a delivery as the Standard Webhooks library of any buyer would."""
    signed = {name.lower(): value for name, value in headers.items()}
    try:
        Verifier(secret).verify(body, signed)
    except WebhookVerificationError:
        return False
    return True
