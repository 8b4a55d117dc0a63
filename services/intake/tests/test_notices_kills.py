"""A process that is killed while it tells a worker takes no notice with it."""

import asyncio
import os
import sys
from typing import Any

import aiohttp
from aiohttp import web
from nats.aio.client import Client as Nats
from notifying import Asked, a_reply, complaints_told, exchange
from systems import WHSEC
from test_worker_page_quiet import a_free_port, answers

from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client

Header = dict[str, str]


async def a_process(environment: dict[str, str], port: int) -> asyncio.subprocess.Process:
    """Intake as an operator runs it."""
    more = {
        "TOCSIN_PORT": str(port),
        "TOCSIN_METRICS_PORT": str(a_free_port()),
        "TOCSIN_OUTBOUND_PLAIN_HTTP": "true",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tocsin_intake", "serve",
        env={**os.environ, **environment, **more},
        stderr=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def test_a_notice_that_was_being_sent_when_its_process_was_killed_is_sent_by_the_next(
    environment: dict[str, str],
    operator: Header,
    database: Database,
    streams: Nats,
    told: Any,
    tell: Any,
) -> None:
    asked_for = asyncio.Event()
    never = asyncio.Event()

    async def hang(_: Asked) -> web.Response:
        asked_for.set()
        await never.wait()
        return web.Response()

    port = a_free_port()
    async with exchange() as system, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        system.instead = hang
        intake = Client(f"http://127.0.0.1:{port}", http)
        process = await a_process(environment, port)
        try:
            await eventually(lambda: answers(intake, "/readyz"), within=120)
            how = {"through": "webhook", "url": f"{system.origin}/notices", "secret": WHSEC}
            new = {"name": "Night line", "notices": how}
            made = await intake.post("/v1/admin/integrations", json=new, headers=operator)
            hotline = intake.with_key(made.json()["key"])
            said = {"words": "They keep our passports.", "consent": {"contact_me": True}}
            posted = await intake.post("/v1/complaints", json=said, headers=hotline)
            assert posted.status == 201, posted
            [complaint] = await complaints_told(told)
            await tell(a_reply(complaint))
            await asyncio.wait_for(asked_for.wait(), 120)

            process.kill()
            await process.wait()
            system.instead = None
            process = await a_process(environment, port)

            async def again() -> Any:
                return system.asked if len(system.asked) > 1 else None

            first, second = await eventually(again, within=180)
            assert first.headers["webhook-id"] == second.headers["webhook-id"]

            async def noted() -> Any:
                if not await answers(intake, "/readyz"):
                    return None
                page = await intake.get("/v1/admin/notices", headers=operator)
                return [one["state"] for one in page.json()["data"]] == ["told"]

            assert await eventually(noted, within=120)
            assert len(system.asked) == 2
        finally:
            never.set()
            if process.returncode is None:
                process.terminate()
                await process.wait()
