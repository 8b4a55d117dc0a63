"""One machine: used, killed, backed up, lost, restored, with real containers."""

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.promises.test_nothing_is_lost import complaints_in_cases
from tests.support.ledger import Ledger, Reports
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE
from tests.support.world import World

from deploy.drills.compose import ComposedTocsin, container
from deploy.drills.load import buyers_were_told, loaded, more_are_accepted
from tocsin_common.testing import eventually
from tocsin_contracts.streams import CASES, INTAKE, SERVICES

KILLED = (INTAKE, CASES, "nats")


async def test_the_ledger_balances_whichever_container_is_killed(
    tocsin: ComposedTocsin, receiver: Receiver, everybody: World, reports: Reports, ledger: Ledger
) -> None:
    async with loaded(everybody, reports, ledger):
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
    compose.run_script("deploy/backup.sh", str(tmp_path))
    compose.run("stop", *map(container, SERVICES))
    for service in SERVICES:
        compose.psql("postgres", f"drop database tocsin_{service} with (force)")

    compose.run_script("deploy/restore.sh", str(tmp_path))
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
