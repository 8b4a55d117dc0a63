"""One machine: started, used, killed, backed up, lost, restored, stopped, with real containers."""

import json
import subprocess
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.promises.test_nothing_is_lost import complaints_in_cases, versions_of
from tests.support import world
from tests.support.ledger import Ledger, Reports
from tests.support.load import Load
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE
from tests.support.world import World, a_place
from tools import compose_secrets

from deploy.drills.compose import ROOT, Compose, ComposedTocsin, connected, container
from tocsin_cli.secrets import Secrets
from tocsin_common.testing import eventually
from tocsin_contracts.streams import CASES, INTAKE, SERVICES

LOUD = [a_place(number) for number in range(5)]
QUIET = [a_place(900, country="TH")]
ACCEPTED = 60  # complaints between what is done to the containers
KILLED = (INTAKE, CASES, "nats")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tocsin(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[ComposedTocsin]:
    folder = tmp_path_factory.mktemp("secrets")
    compose_secrets.write(folder)
    compose = Compose(folder)
    try:
        compose.start()
        async with connected(compose, Secrets.read(folder)) as tocsin:
            yield tocsin
    finally:
        compose.run("down", "--volumes", "--remove-orphans", "--timeout", "5")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def receiver(tocsin: ComposedTocsin) -> AsyncGenerator[Receiver]:
    async with Receiver().running(tocsin.host) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everybody(tocsin: ComposedTocsin, receiver: Receiver) -> World:
    return await world.build(tocsin, receiver, [*LOUD, *QUIET])


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """All that was promised while these tests run."""
    return Ledger()


async def test_the_ledger_balances_whichever_container_is_killed(
    tocsin: ComposedTocsin, receiver: Receiver, everybody: World, ledger: Ledger
) -> None:
    codes = ["wages.unpaid", "hours.excessive"]

    async with Load(everybody.hotline, Reports(LOUD, QUIET, codes), ledger).running():
        for part in KILLED:
            await more_are_accepted(ledger)
            tocsin.kill(part)
            await eventually(lambda part=part: tocsin.restarts(part) == 1, within=PATIENCE)
            await tocsin.ready()
        await more_are_accepted(ledger)
    await tocsin.quiet()

    assert not ledger.contradictions
    assert await complaints_in_cases(everybody) == Counter(ledger.accepted.values())
    await eventually(lambda: buyers_were_told(everybody, receiver, ledger), within=PATIENCE)
    assert not receiver.contradictions()


async def more_are_accepted(ledger: Ledger) -> None:
    before = len(ledger.accepted)
    await eventually(lambda: len(ledger.accepted) >= before + ACCEPTED, within=PATIENCE)


async def buyers_were_told(everybody: World, receiver: Receiver, ledger: Ledger) -> bool:
    released = versions_of(await everybody.officer.alerts())
    shown = versions_of(await everybody.buyer.alerts())
    return len(released) == len(ledger.alerts()) and released == shown == receiver.newest()


def test_no_container_may_do_more_than_it_needs(tocsin: ComposedTocsin) -> None:
    for name in tocsin.compose.containers():
        host = tocsin.compose.inspect(name)["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert host["Memory"] > 0, name
        assert host["PidsLimit"] > 0, name
        ports: dict[str, list[dict[str, str]]] = host["PortBindings"] or {}
        bound = [one["HostIp"] for bindings in ports.values() for one in bindings]
        assert set(bound) <= {"127.0.0.1"}, name


def test_services_are_not_root_and_leave_no_secret_in_their_environment(
    tocsin: ComposedTocsin,
) -> None:
    for service in SERVICES:
        config = tocsin.compose.inspect(container(service))["Config"]
        assert config["User"] == "10001:10001"
        told = tocsin.secrets.environment(service)
        assert not [
            line for line in config["Env"] if any(secret in line for secret in told.values())
        ]


@pytest.mark.parametrize("service", SERVICES)
def test_no_role_connects_to_anothers_database(tocsin: ComposedTocsin, service: str) -> None:
    for other in (*SERVICES, "postgres"):
        if other == service:
            continue
        database = other if other == "postgres" else f"tocsin_{other}"
        may = f"select has_database_privilege('tocsin_{service}', '{database}', 'connect')"
        assert tocsin.compose.psql("postgres", may) == "f"


def test_postgresql_says_nothing_of_what_was_in_a_statement(tocsin: ComposedTocsin) -> None:
    canary = "Silver-Heron-canary"
    with pytest.raises(AssertionError):
        tocsin.compose.psql("tocsin_cases", f"select '{canary}'::uuid")

    assert canary not in tocsin.compose.logs("postgres")


def test_what_services_log_is_json_with_a_service_and_a_place(tocsin: ComposedTocsin) -> None:
    for service in SERVICES:
        lines = tocsin.compose.logs(container(service)).splitlines()
        assert lines
        for line in lines:
            assert {"time", "level", "service", "message", "at"} <= json.loads(line).keys()


async def test_what_was_lost_comes_back_from_the_backup(
    tocsin: ComposedTocsin, everybody: World, ledger: Ledger, tmp_path: Path
) -> None:
    compose = tocsin.compose
    run_script(compose, "deploy/backup.sh", str(tmp_path))
    compose.run("stop", *map(container, SERVICES))
    for service in SERVICES:
        compose.psql("postgres", f"drop database tocsin_{service} with (force)")

    run_script(compose, "deploy/restore.sh", str(tmp_path))
    await tocsin.ready()

    assert await complaints_in_cases(everybody) == Counter(ledger.accepted.values())
    assert len(await everybody.buyer.alerts()) == len(ledger.alerts())
    for service in SERVICES:
        owner = (
            f"select pg_get_userbyid(datdba) from pg_database where datname = 'tocsin_{service}'"
        )
        assert compose.psql("postgres", owner) == f"tocsin_{service}"
        closed = f"select has_database_privilege('public', 'tocsin_{service}', 'connect')"
        assert compose.psql("postgres", closed) == "f"


def run_script(compose: Compose, script: str, *arguments: str) -> None:
    done = subprocess.run(
        [ROOT / script, *arguments],
        env=compose.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


async def test_all_of_it_stops_in_good_order(tocsin: ComposedTocsin) -> None:
    tocsin.compose.run("stop")

    for name in tocsin.compose.containers():
        state = tocsin.compose.inspect(name)["State"]
        assert not state["OOMKilled"], name
        assert state["ExitCode"] in (0, 143), (name, state["ExitCode"])
