"""A service as a process: what it waits for, what operators can do, and how it ends."""

import asyncio
import gc
import json
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import asyncpg
import pytest
from builders import a_complaint, a_status
from looking import filed
from nats.aio.client import Client as Nats
from prometheus_client import REGISTRY
from pydantic import SecretStr
from sample.app import create_app
from sample.handlers import failing_on, on_complaints_received
from sqlalchemy import text

from tocsin_cli.embedded.ports import free_port
from tocsin_common import health, migrations, outbox, provision, relay
from tocsin_common.database import Database
from tocsin_common.errors import RuleBroken
from tocsin_common.listening import Handler
from tocsin_common.service import Role
from tocsin_common.settings import Settings
from tocsin_common.testing import eventually, serving, settings_from
from tocsin_common.testing.fixtures import Tell
from tocsin_common.testing.http import Client
from tocsin_common.testing.servers import Servers
from tocsin_contracts.streams import NOTIFICATIONS

CONSUMER = "cases_complaints_received"
CANARY = "canary-77aa"

Sample = Callable[..., Any]


class UnknownCode(RuleBroken):
    """A rule of the handler."""


@pytest.fixture(scope="session")
def settings(environment: dict[str, str]) -> Settings:
    return settings_from(environment, Settings)


@pytest.fixture
def operator(settings: Settings) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.admin_key.get_secret_value()}"}


@pytest.fixture
def sample(settings: Settings, database: Database, streams: Nats) -> Sample:
    """Serve the sample service until the block ends."""

    @asynccontextmanager
    async def run(
        handler: Handler[Any] = on_complaints_received,
        role: Role = Role.SERVE,
        **changes: Any,
    ) -> AsyncGenerator[Client]:
        app = create_app(role, settings.model_copy(update=changes), handler)
        async with serving(app) as client:
            yield client

    return run


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK", 0.2)


async def waits_for(client: Client, *wanted: str) -> None:
    """Wait until the process says that this, and nothing else, is missing, and shuts its door."""

    async def said() -> bool:
        answer = await client.get("/readyz")
        assert (answer.status == 200) == answer.json()["ready"]
        if answer.json()["waiting_for"] != list(wanted):
            return False
        assert answer.json()["ready"] == (not wanted)
        return True

    await eventually(said)


# what it waits for


async def test_it_is_alive_at_once_and_ready_when_nothing_is_missing(sample: Sample) -> None:
    async with sample() as client:
        assert (await client.get("/livez")).json() == {"live": True}
        await waits_for(client)


async def test_a_schema_that_is_behind_is_named_until_it_is_migrated(
    sample: Sample, servers: Servers
) -> None:
    url = servers.postgres.url(NOTIFICATIONS)

    async with sample(database_url=SecretStr(url)) as client:
        await waits_for(client, "schema: at nothing, needs 0002")
        database = Database(url, name="tests")
        await migrations.migrate("sample", database)
        await database.close()

        await waits_for(client)


async def test_the_previous_version_is_ready_on_a_newer_schema(
    sample: Sample, database: Database
) -> None:
    async with sample() as client:
        await waits_for(client)
        async with database.begin() as tx:
            await tx.execute(text("update alembic_version set version_num = '0001'"))
        await waits_for(client, "schema: at 0001, needs 0002")

        async with database.begin() as tx:
            await tx.execute(text("update alembic_version set version_num = '0003'"))
        await waits_for(client)

        async with database.begin() as tx:
            await tx.execute(text("update alembic_version set version_num = '0002'"))


async def test_a_clock_that_is_wrong_is_named_until_it_is_right(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = time.time
    async with sample() as client:
        await waits_for(client)

        wrong = SimpleNamespace(time=lambda: right() + 90, monotonic=time.monotonic)
        monkeypatch.setattr(health, "time", wrong)
        await waits_for(client, "clock: 90 s from the database's")

        monkeypatch.setattr(health, "time", time)
        await waits_for(client)


async def test_servers_that_are_away_are_named_until_they_are_back(
    sample: Sample, servers: Servers
) -> None:
    async with sample() as client:
        await waits_for(client)

        servers.nats.kill()
        await waits_for(client, "nats: no connection")
        servers.nats.start()
        await waits_for(client)

        servers.postgres.kill()

        async def database_is_away() -> bool:
            missing = (await client.get("/readyz")).json()["waiting_for"]
            return bool(missing) and missing[0].startswith("database: ")

        await eventually(database_is_away)
        servers.postgres.start()
        await waits_for(client)


async def test_a_consumer_that_is_gone_is_named_and_listening_resumes_once_it_is_back(
    sample: Sample, database: Database, streams: Nats, tell: Tell
) -> None:
    jetstream = streams.jetstream()

    async with sample() as client:
        await waits_for(client)

        await jetstream.delete_consumer("COMPLAINTS", CONSUMER)
        await waits_for(client, f"nats: consumer {CONSUMER} is missing")
        await tell(a_complaint())
        await provision.provision(jetstream, provision.ProvisionSettings(stream_max_bytes=64 << 20))

        await waits_for(client)
        assert await eventually(lambda: filed(database))


async def test_a_consumer_that_was_never_there_is_named(sample: Sample, streams: Nats) -> None:
    await streams.jetstream().delete_consumer("COMPLAINTS", CONSUMER)

    async with sample() as client:
        await waits_for(
            client,
            "nats: a consumer is missing; has provisioning run?",
            f"nats: consumer {CONSUMER} is missing",
        )


# when it keeps the door shut


async def test_a_process_that_only_answers_stays_open_while_nats_is_away(
    sample: Sample, servers: Servers
) -> None:
    async with sample(role=Role.API) as client:
        await waits_for(client)

        servers.nats.kill()

        async def says_so() -> bool:
            answer = (await client.get("/readyz")).json()
            return answer == {"ready": True, "waiting_for": ["nats: no connection"]}

        await eventually(says_so)
        servers.nats.start()
        await waits_for(client)


async def test_a_process_that_only_answers_shuts_its_door_without_its_database(
    sample: Sample, servers: Servers
) -> None:
    async with sample(role=Role.API) as client:
        await waits_for(client)

        servers.postgres.kill()
        await eventually(lambda: is_shut(client))
        servers.postgres.start()
        await waits_for(client)


async def is_shut(client: Client) -> bool:
    return (await client.get("/readyz")).status == 503


async def test_an_outbox_that_stands_still_is_told_until_it_moves(
    sample: Sample, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "STUCK", 0.5)
    elsewhere = await asyncpg.connect(database.dsn)  # whoever holds the relay's lock and is hung

    try:
        await elsewhere.execute("select pg_advisory_lock($1)", relay.LOCK)
        async with sample() as client:
            async with database.begin() as tx:
                await outbox.record(tx, [a_status()])

            await waits_for(client, "outbox: nothing is being shipped")
            assert (REGISTRY.get_sample_value("tocsin_outbox_age_seconds") or 0) > 0.4

            await elsewhere.execute("select pg_advisory_unlock($1)", relay.LOCK)
            await waits_for(client)
            assert REGISTRY.get_sample_value("tocsin_outbox_age_seconds") == 0
    finally:
        await elsewhere.close()


async def test_what_waits_to_be_heard_and_what_is_dead_are_measured(
    sample: Sample, tell: Any, database: Database
) -> None:
    def lag() -> float | None:
        return REGISTRY.get_sample_value("tocsin_consumer_lag", {"consumer": CONSUMER})

    held = asyncio.Event()

    async def hold(*_: Any) -> None:
        await held.wait()

    async with sample(hold) as client:
        await waits_for(client)
        for _ in range(3):
            await tell(a_complaint())
        await eventually(lambda: lag() == 3)
        held.set()
        await eventually(lambda: lag() == 0)

        await tell(a_complaint(), body=b"canary")
        await eventually(lambda: REGISTRY.get_sample_value("tocsin_dead_letters") == 1)


# what operators can do


async def parked_through(client: Client, operator: dict[str, str], count: int) -> list[Any]:
    async def look() -> list[Any]:
        answer = await client.get("/v1/admin/parked", headers=operator)
        assert answer.status == 200
        there = answer.json()["data"]
        return there if len(there) == count else []

    return await eventually(look)


async def test_an_operator_sees_a_dead_letter_and_has_it_tried_again(
    sample: Sample, operator: dict[str, str], tell: Tell, database: Database
) -> None:
    event = a_complaint(channel="bad")
    await tell(event)
    async with sample(failing_on("bad", UnknownCode)) as client:
        [dead] = await parked_through(client, operator, 1)
        path = f"/v1/admin/parked/{dead['id']}"

        shown = (await client.get(path, headers=operator)).json()
        assert shown["body"]["complaint_id"] == str(event.complaint_id)
        assert shown["consumer"] == CONSUMER
        assert shown["retry_at"] is None

        again = (await client.post(f"{path}/retry", headers=operator)).json()
        assert again["outcome"] == "parked"
        assert again["reason"].startswith("UnknownCode at ")

    async with sample() as client:  # the code is known now
        again = (await client.post(f"{path}/retry", headers=operator)).json()

        assert again == {"outcome": "applied", "reason": None}
        assert await filed(database) == [event.complaint_id]
        assert (await client.get(path, headers=operator)).status == 404


async def test_an_operator_gives_a_dead_letter_up(
    sample: Sample, operator: dict[str, str], tell: Any
) -> None:
    await tell(a_complaint(), body=b"canary")

    async with sample() as client:
        [dead] = await parked_through(client, operator, 1)
        path = f"/v1/admin/parked/{dead['id']}"
        shown = await client.get(path, headers=operator)
        assert (shown.json()["body"], shown.json()["size"]) == (None, 6)
        assert "canary" not in shown.text

        assert (await client.request("DELETE", path, headers=operator)).status == 204
        assert (await client.request("DELETE", path, headers=operator)).status == 404
        assert (await client.get("/v1/admin/parked", headers=operator)).json()["data"] == []


async def test_parked_events_are_listed_in_pages(
    sample: Sample, operator: dict[str, str], tell: Any
) -> None:
    for _ in range(5):
        await tell(a_complaint(), body=b"canary")

    async with sample() as client:
        everything = [one["id"] for one in await parked_through(client, operator, 5)]
        seen: list[int] = []
        after: int | None = 0
        while after is not None:
            path = f"/v1/admin/parked?limit=2&after={after}"
            page = (await client.get(path, headers=operator)).json()
            seen += [one["id"] for one in page["data"]]
            after = page["next_cursor"]

    assert seen == everything


@pytest.mark.parametrize("shown", [{}, {"Authorization": "Bearer guess"}, {"Authorization": ""}])
async def test_nobody_but_the_operator_gets_in(sample: Sample, shown: dict[str, str]) -> None:
    async with sample() as client:
        assert (await client.get("/v1/admin/parked", headers=shown)).status == 401


async def test_without_an_operators_key_the_door_stays_shut(sample: Sample) -> None:
    nobody = {"Authorization": "Bearer "}

    async with sample(admin_key=SecretStr("")) as client:
        assert (await client.get("/v1/admin/parked", headers=nobody)).status == 401


# what it says


async def test_what_fails_in_the_background_is_logged_without_its_text(
    sample: Sample, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise ValueError(CANARY)

    async with sample():
        task = asyncio.create_task(fail())
        await asyncio.wait([task])
        del task
        gc.collect()

    assert "something failed in the background: ValueError at test_service.py" in caplog.text
    assert CANARY not in caplog.text


# the process


@asynccontextmanager
async def process(
    role: str, environment: dict[str, str]
) -> AsyncGenerator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sample",
        role,
        cwd=Path(__file__).parent,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def test_a_process_starts_without_its_servers_and_ends_at_once_when_asked(
    environment: dict[str, str],
) -> None:
    port = free_port()
    nowhere = {
        "TOCSIN_PORT": str(port),
        "TOCSIN_NATS_URL": "nats://127.0.0.1:9",
        "TOCSIN_DATABASE_URL": "postgresql://nobody:secret-canary@127.0.0.1:9/nothing",
    }
    async with process("serve", environment | nowhere) as running:
        ready = await answer_of(f"http://127.0.0.1:{port}/readyz")
        running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            output, errors = await running.communicate()

    assert ready == 503
    assert running.returncode == -signal.SIGTERM  # as uvicorn does it, after a clean end
    assert not output
    lines = [json.loads(line) for line in errors.decode().splitlines()]
    assert {line["service"] for line in lines} == {"cases"}
    assert lines[-1]["message"].startswith("Finished server process")
    assert b"canary" not in errors


async def answer_of(url: str) -> int:
    async with aiohttp.ClientSession() as session:

        async def ask() -> int | None:
            try:
                async with session.get(url) as answer:
                    return answer.status
            except aiohttp.ClientConnectionError:
                return None

        return await eventually(ask, within=20)
