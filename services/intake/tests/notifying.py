"""Hotlines' own systems, as far as they send what they are asked to; and an officer who replies."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from tocsin_common.sealing import seal_to
from tocsin_common.testing import eventually
from tocsin_common.testing.http import answering, standing_in
from tocsin_contracts.events.cases import ReplyWritten
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_contracts.ids import new_amber_id

ACCOUNT = "AC" + "0" * 32
TOKEN = "an-invented-access-token"
REPLY = "CANARYgannet17: come to the gate at ten."
BOT = "123456:an-invented-bot-token"
Answering = Callable[["Asked"], Awaitable[web.Response]]


@dataclass(frozen=True)
class Asked:
    """What a system was asked, whole."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Exchange:
    """Takes whatever it is asked to send, as every such system does when all is well."""

    origin: str = ""
    asked: list[Asked] = field(default_factory=list["Asked"])
    instead: Answering | None = None
    """Answers in place of `{}`."""

    async def handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        one = Asked(request.method, request.path_qs, headers, await request.read())
        self.asked.append(one)
        return await self.instead(one) if self.instead else web.json_response({"ok": True})

    async def has_sent(self, many: int = 1) -> list[Asked]:
        """What it was asked, once it was asked so often."""

        async def enough() -> Any:
            return self.asked if len(self.asked) >= many else None

        return await eventually(enough, within=60)


@asynccontextmanager
async def exchange() -> AsyncGenerator[Exchange]:
    one = Exchange()
    async with standing_in(answering(one.handle)) as one.origin:
        yield one


async def complaints_told(told: Any, many: int = 1) -> list[ComplaintReceived]:
    """The complaints that were told, once there are so many."""

    async def enough() -> Any:
        found = [
            ComplaintReceived.model_validate_json(one.data)
            for one in await told("COMPLAINTS")
            if one.subject == ComplaintReceived.subject
        ]
        return found if len(found) >= many else None

    return await eventually(enough)


def a_reply(to: ComplaintReceived) -> ReplyWritten:
    """An officer's reply, which says much."""
    return ReplyWritten(
        reply_id=new_amber_id(),
        complaint_id=UUID(str(to.complaint_id)),
        sealed=seal_to(to.public_key or b"", REPLY.encode()),
        occurred_at=datetime.now(UTC),
    )
