"""Every pod of the overlay dev does what it is there for, with what its manifest gives it."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from deploy.checks.dump import Dump
from deploy.checks.pods import Pod, claimed, pod_on
from deploy.checks.rendered import Object, load, named, of_kind, pod_of
from tocsin_common.testing import eventually
from tocsin_common.testing.servers import Servers, embedded
from tocsin_contracts.streams import INTAKE

PATIENCE = 180.0  # seconds; eight processes start on two busy cores


@pytest.fixture(scope="module")
def dev() -> list[Object]:
    return load("dev")


@pytest.fixture(scope="module")
def servers() -> Generator[Servers]:
    with embedded() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pods have their files, and what is on the volumes they share."""
    return tmp_path_factory.mktemp("pods")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pods(dev: list[Object], servers: Servers, folder: Path) -> dict[str, tuple[Object, Pod]]:
    """A pod of each Deployment, once provisioning has run and all init containers at once."""
    job = named(dev, "CronJob", "provision")
    assert await _pod(dev, job, servers, folder).run_to_end("provision") == 0
    there = {
        one["metadata"]["name"]: (one, _pod(dev, one, servers, folder))
        for one in of_kind(dev, "Deployment")
    }
    migrated = await asyncio.gather(*(pod.run_to_end("migrate") for _, pod in there.values()))
    assert migrated == [0] * len(there)
    return there


def _pod(dev: list[Object], one: Object, servers: Servers, folder: Path) -> Pod:
    pod = pod_of(one)
    assert pod
    return pod_on(dev, pod["spec"], one["metadata"]["name"], servers, folder)


async def state_of(pod: Pod) -> Any:
    """What `/readyz` says, once somebody answers."""
    try:
        async with aiohttp.ClientSession() as http, http.get(pod.ready_url) as answer:
            return await answer.json()
    except aiohttp.ClientError:
        return None


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(
    pods: dict[str, tuple[Object, Pod]],
) -> AsyncGenerator[dict[str, asyncio.subprocess.Process]]:
    processes: dict[str, asyncio.subprocess.Process] = {}
    try:
        for name, (one, pod) in pods.items():
            [container] = one["spec"]["template"]["spec"]["containers"]
            processes[name] = await pod.spawn(container["args"][0])
        yield processes
    finally:
        for process in processes.values():
            if process.returncode is None:
                process.kill()
            await process.wait()


async def test_every_pod_becomes_ready(
    pods: dict[str, tuple[Object, Pod]], running: dict[str, asyncio.subprocess.Process]
) -> None:
    async def all_ready() -> bool:
        states = [await state_of(pod) for _, pod in pods.values()]
        return all(state == {"ready": True, "waiting_for": []} for state in states)

    await eventually(all_ready, within=PATIENCE)
    assert len(running) == 8


async def test_without_nats_who_answers_stays_ready_and_who_works_does_not(
    pods: dict[str, tuple[Object, Pod]],
    running: dict[str, asyncio.subprocess.Process],
    servers: Servers,
) -> None:
    servers.nats.kill()

    async def as_it_should() -> bool:
        for name, (_, pod) in pods.items():
            state = await state_of(pod)
            if state is None or "nats: no connection" not in state["waiting_for"]:
                return False
            if state["ready"] != name.endswith("-api"):
                return False
        return True

    await eventually(as_it_should, within=PATIENCE)
    servers.nats.start()


async def test_what_a_restore_brings_back_is_erased_again_by_the_job(
    dev: list[Object],
    pods: dict[str, tuple[Object, Pod]],
    running: dict[str, asyncio.subprocess.Process],
    servers: Servers,
    folder: Path,
) -> None:
    key = servers.secrets.admin_key(INTAKE)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{pods['intake-api'][1].port}") as http:
        hotline = await asked(http, key, "/v1/admin/integrations", {"name": "Night line"})
        complaint = await asked(http, hotline["key"], "/v1/complaints", {"words": "Locked in."})
        backup = Dump(servers, INTAKE, folder / "intake.dump")
        backup.make()
        wanted = {"complaint_id": complaint["complaint_id"], "reason": "asked_by_hotline"}
        await asked(http, key, "/v1/admin/erasures", wanted)
    [remembered] = claimed(folder, "erasures").iterdir()
    assert complaint["complaint_id"] in remembered.read_text()
    assert backup.rows("vault_entry") == "0"

    for name in ("intake-api", "intake-worker"):
        running[name].terminate()
        assert await running.pop(name).wait() in {0, -signal.SIGTERM}
    backup.restore()
    assert backup.rows("vault_entry") == "1"
    job = _pod(dev, named(dev, "CronJob", "erase-again"), servers, folder)
    assert await job.run_to_end("migrate") == 0
    assert await job.run_to_end() == 0

    assert (backup.rows("vault_entry"), backup.rows("data_key")) == ("0", "0")


async def asked(http: aiohttp.ClientSession, key: str, path: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    async with http.post(path, json=body, headers=headers) as answer:
        assert answer.status in (200, 201), await answer.text()
        return await answer.json()


async def test_every_pod_ends_by_itself_within_its_grace(
    pods: dict[str, tuple[Object, Pod]], running: dict[str, asyncio.subprocess.Process]
) -> None:
    spec = next(iter(pods.values()))[0]["spec"]["template"]["spec"]
    sleep = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    for process in running.values():
        process.send_signal(signal.SIGTERM)

    async with asyncio.timeout(spec["terminationGracePeriodSeconds"] - sleep):
        ends = [await process.wait() for process in running.values()]

    assert set(ends) <= {0, -signal.SIGTERM}
