"""A durable's messages as they come: a request stays open, and nothing waits for a timer."""

import asyncio
import json
from collections import deque

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

BATCH = 200  # messages handed over at once, at the most
OPEN = 1.0  # seconds a request stays open; one that NATS forgot by dying is over then
LATE = 0.2  # seconds more until we believe that it did
RETRY = 0.5  # seconds after NATS refused a request
OVER = frozenset({"404", "408"})  # nothing came in time; any other status is a refusal


class Pulling:
    """Messages of one durable, in stream order.

    While a batch is being handled, the next one arrives: at most twice `BATCH` lie here.
    """

    def __init__(self, client: Client, stream: str, durable: str) -> None:
        self._client = client
        self._where = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._inbox = client.new_inbox()
        self._requests = 0
        self._coming = 0
        """How many messages the open request may still bring."""
        self._until = 0.0
        self._arrived: deque[Msg] = deque()
        self._woken = asyncio.Event()

    async def open(self) -> Subscription:
        """Be ready to receive."""
        return await self._client.subscribe(f"{self._inbox}.*", cb=self._take)

    async def batch(self) -> list[Msg]:
        """Return what is there as soon as something is, or nothing after a while."""
        if not self._arrived:
            await self._request()
            self._woken.clear()
            try:
                async with asyncio.timeout_at(self._until + LATE):
                    await self._woken.wait()
            except TimeoutError:
                self._coming = 0
        messages = [self._arrived.popleft() for _ in range(min(BATCH, len(self._arrived)))]
        if messages:
            await self._request()
        return messages

    async def _request(self) -> None:
        """Ask for more, unless a request is open."""
        now = asyncio.get_running_loop().time()
        if self._coming and now < self._until:
            return
        self._coming = BATCH
        self._until = now + OPEN
        self._requests += 1
        wish = {"batch": BATCH, "expires": int(OPEN * 1e9)}
        reply = f"{self._inbox}.{self._requests}"
        await self._client.publish(self._where, json.dumps(wish).encode(), reply)

    async def _take(self, message: Msg) -> None:
        if not message.subject.startswith(self._inbox):
            self._coming -= 1
            self._arrived.append(message)
        elif message.subject == f"{self._inbox}.{self._requests}":
            status = (message.headers or {}).get("Status")
            if status not in OVER:
                await asyncio.sleep(RETRY)
            self._coming = 0
        self._woken.set()
