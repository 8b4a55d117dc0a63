"""Hotlines' systems under load: each delivers, and delivers again, as its maker's servers do."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count

import aiohttp

from tests.support.clients import Caller, Json
from tests.support.kobo import ASSET, TOKEN, Kobo
from tests.support.systems import System
from tocsin_common.testing.http import Answer, Client

SENDERS = 2  # of each system
PAUSE = 0.1  # seconds between one sender's payloads
AGAIN = 0.1  # seconds before the same is delivered again
PATIENCE = 60.0  # seconds until what is delivered again and again must have been taken
TWICE = 5  # every so many payloads one is delivered twice at once
UNTIL_TAKEN = frozenset({"whatsapp-cloud", "telegram", "generic"})
"""They deliver until they are answered 200; the others only once, but for Kobo."""
KOBO_AGAIN = frozenset({502, 503, 504})
KOBO_TRIES = 4


@dataclass(frozen=True)
class Payload:
    """What one system delivers."""

    system: System
    number: int
    body: Json

    async def deliver(self, client: Client) -> Answer:
        """Deliver it once."""
        hotline = replace(self.system.hotline, client=client)
        system = replace(self.system, hotline=hotline)
        return await system.post(self.body, message_id=f"msg_{self.number}")


@dataclass
class Channels:
    """Every system of a hotline at once, and what each was promised."""

    systems: Sequence[System]
    kobo: Kobo
    taken: list[Payload] = field(default_factory=list[Payload])
    """What was answered with success."""
    answers: Counter[str] = field(default_factory=Counter[str])
    """How deliveries ended: by status, or with none."""
    _numbers: "count[int]" = field(default_factory=count)
    _enough: threading.Event = field(default_factory=threading.Event)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Deliver until the block ends, and then until everything begun is settled.

        It runs in a thread of its own, so that a server's start in ours holds nothing up.
        """
        delivering = asyncio.create_task(asyncio.to_thread(asyncio.run, self._deliver()))
        try:
            yield
        finally:
            self._enough.set()
            await delivering

    def taken_by(self, adapter: str) -> int:
        """How many payloads of a system were taken."""
        return sum(one.system.adapter == adapter for one in self.taken)

    async def _deliver(self) -> None:
        url = self.systems[0].hotline.client.url
        limits = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(url, timeout=limits) as session:
            client = Client(url, session)
            await asyncio.gather(
                *(self._for_ever(client, one) for one in self.systems for _ in range(SENDERS))
            )

    async def _for_ever(self, client: Client, system: System) -> None:
        while not self._enough.is_set():
            number = next(self._numbers)
            body = said(system.adapter, number)
            if system.adapter == "kobo":
                body = self.kobo.submitted(body)
            payload = Payload(system, number, body)
            at_once = 2 if number % TWICE == 0 else 1
            taken = await asyncio.gather(*(self._settled(client, payload) for _ in range(at_once)))
            if any(taken):
                self.taken.append(payload)
            await asyncio.sleep(PAUSE)

    async def _settled(self, client: Client, payload: Payload) -> bool:
        """Deliver as often as this system does; return whether it was taken."""
        deadline, tries = time.monotonic() + PATIENCE, 0
        while True:
            status = await self._status(client, payload)
            if status == 200:
                return True
            assert status in (0, 503), (payload.system.adapter, status)
            tries += 1
            if payload.system.adapter not in UNTIL_TAKEN and not (
                payload.system.adapter == "kobo" and status in KOBO_AGAIN and tries < KOBO_TRIES
            ):
                return False
            assert time.monotonic() < deadline, f"not taken: {self.answers}"
            await asyncio.sleep(AGAIN)

    async def _status(self, client: Client, payload: Payload) -> int:
        """0: nobody answered."""
        try:
            status = (await payload.deliver(client)).status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        self.answers[str(status or "none")] += 1
        return status


def said(adapter: str, number: int) -> Json:
    """What a system says of the worker with this number; forms and flows name the issue too."""
    words, phone = f"No pay since day {number}.", f"+8490{number:07d}"
    form = {"words": words, "issues": "wages.unpaid"}
    match adapter:
        case "whatsapp-cloud":
            answer = {"nfm_reply": {"response_json": json.dumps(form)}}
            sent = {"from": phone[1:], "timestamp": "1930000000"}
            messages = [
                sent | {"id": f"wamid.{number}.1", "type": "text", "text": {"body": words}},
                sent | {"id": f"wamid.{number}.2", "type": "interactive", "interactive": answer},
            ]
            change = {"field": "messages", "value": {"messages": messages}}
            return {"object": "whatsapp_business_account", "entry": [{"changes": [change]}]}
        case "twilio":
            sms = {"MessageSid": f"SM{number}", "SmsStatus": "received"}
            return sms | {"From": phone, "Body": words}
        case "telegram":
            chat = {"from": {"id": number}, "chat": {"id": number, "type": "private"}}
            message = chat | {"message_id": number, "date": 1930000000, "text": words}
            return {"update_id": number, "message": message}
        case "rapidpro":
            who = {"contact": {"uuid": f"c{number}", "urn": f"tel:{phone}"}}
            results = {name: {"value": value, "input": value} for name, value in form.items()}
            run = {"run": {"uuid": f"r{number}"}, "path": [{"node_uuid": "n1"}]}
            return who | run | {"results": results}
        case "kobo":
            answers = {f"report/{name}": value for name, value in form.items()}
            return answers | {"_uuid": f"u{number}", "meta/rootUuid": f"uuid:u{number}"}
        case _:
            return {"said": words}


async def channels_of(operator: Caller, kobo: Kobo, facility: Json) -> Channels:
    """Register one system of each kind; all that they say is about one factory."""
    survey = {"api_token": TOKEN, "asset": ASSET}
    more: dict[str, Json] = {"kobo": {"kobo": survey | {"server_url": kobo.url}}}
    about = {"defaults": {"facility": facility}}
    systems = [
        await System.registered(
            operator, f"A {one}", one, f"{one}-an-invented-secret", **about, **more.get(one, {})
        )
        for one in ("whatsapp-cloud", "twilio", "telegram", "rapidpro", "kobo", "generic")
    ]
    return Channels(systems, kobo)
