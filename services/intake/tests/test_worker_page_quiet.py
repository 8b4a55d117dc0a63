"""What is left behind by a worker who came to the page: nothing, and not in how long it took."""

import asyncio
import os
import re
import socket
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median

import aiohttp
import pytest
from browsing import HOST, NAME, PAGE, Browser
from builders import a_complaint
from nats.aio.client import Client as Nats

from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_intake import receipts
from tocsin_intake.dialogue import guesses, window

ADDRESS = "203.0.113.77"  # what a proxy says of where the worker is
FORWARDED = {"X-Forwarded-For": ADDRESS, "X-Forwarded-Host": HOST}
TURNS = 40


@dataclass(frozen=True)
class Process:
    """Intake as an operator runs it, by its own command."""

    intake: Client
    metrics: Client
    log: "asyncio.Future[bytes]"


def a_free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@asynccontextmanager
async def a_process(environment: dict[str, str]) -> AsyncGenerator[Process]:
    ports = {"TOCSIN_PORT": str(a_free_port()), "TOCSIN_METRICS_PORT": str(a_free_port())}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tocsin_intake", "serve",
        env={**os.environ, **environment, **ports},
        stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stderr
    log = asyncio.ensure_future(process.stderr.read())
    urls = [f"http://127.0.0.1:{port}" for port in ports.values()]
    try:
        async with (
            aiohttp.ClientSession(urls[0]) as http,
            aiohttp.ClientSession(urls[1]) as metrics,
        ):
            yield Process(Client(urls[0], http), Client(urls[1], metrics), log)
    finally:
        process.terminate()
        await process.wait()
        await log


async def answers(client: Client, path: str) -> bool:
    try:
        return (await client.get(path)).status == 200
    except aiohttp.ClientError:
        return False


async def test_a_visit_leaves_no_line_no_label_and_no_address_behind(
    environment: dict[str, str],
    operator: dict[str, str],
    database: Database,
    streams: Nats,
) -> None:
    visited = [f"/?{receipts.new().replace(' ', '')}", "/", "/old-bookmark"]
    async with a_process(environment) as process:
        intake = process.intake
        await eventually(lambda: answers(intake, "/readyz"), within=60)
        new = await intake.post("/v1/admin/integrations", json={"name": "Line"}, headers=operator)
        hotline = intake.with_key(new.json()["key"])
        integration = new.json()["integration_id"]
        put = await intake.request(
            "PUT",
            f"/v1/admin/integrations/{integration}/page",
            json=PAGE,
            headers=operator | {"If-Match": "*"},
        )
        assert put.status == 200, put
        receipt = (await intake.post("/v1/complaints", json=a_complaint(), headers=hotline)).json()
        phone = Browser(intake)

        async def served() -> bool:
            await phone.come()
            return phone.got.status == 200

        await eventually(served, within=60)
        shown = await phone.submit("open", receipt=receipt["receipt"])
        assert shown.forms
        for path in visited:
            for method in ("GET", "POST"):
                await intake.request(method, path, headers={"Host": HOST, **FORWARDED})
        metrics = (await process.metrics.get("/metrics")).text

    log = (await process.log).decode()
    assert "Uvicorn running" in log  # it is the log, and this is what it says
    assert 'route="the worker\'s page"' in metrics
    for trace in (ADDRESS, HOST, NAME, integration, receipt["receipt"], "old-bookmark", "visited"):
        assert trace not in log
        assert trace not in metrics
    assert not re.search(r'"(GET|POST|HEAD) ', log)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "FREE", 10_000)
    monkeypatch.setattr(window, "NO_SOONER", 0.0)


async def test_a_miss_costs_as_much_as_a_hit(
    intake: Client, hotline: dict[str, str], operator: dict[str, str], no_waiting: None
) -> None:
    """Turn by turn in processor time, which a busy machine does not stretch."""
    listed = (await intake.get("/v1/admin/integrations", headers=operator)).json()["data"]
    await intake.request(
        "PUT",
        f"/v1/admin/integrations/{listed[0]['integration_id']}/page",
        json=PAGE,
        headers=operator | {"If-Match": "*"},
    )
    handed_in = await intake.post("/v1/complaints", json=a_complaint(), headers=hotline)
    phone = Browser(intake)

    async def served() -> bool:
        await phone.come()
        return phone.got.status == 200

    await eventually(served, within=60)
    took: dict[str, list[float]] = {"hit": [], "miss": []}
    for _ in range(TURNS):
        for name, number in (("hit", handed_in.json()["receipt"]), ("miss", receipts.new())):
            began = time.process_time()
            answer = await intake.post(
                "/", data={"do": "open", "receipt": number}, headers={"Host": HOST}
            )
            took[name].append(time.process_time() - began)
            assert answer.status == 200

    hit, miss = median(took["hit"]), median(took["miss"])
    assert 0.5 < miss / hit < 2.0, (hit, miss)
