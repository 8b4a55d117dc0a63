"""P1: what was answered with 201 reaches a case, and what was released reaches its buyers."""

from collections import Counter
from collections.abc import Generator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.support import world
from tests.support.clients import Json
from tests.support.ledger import Ledger, Reports
from tests.support.load import Load
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE, SERVERS, Tocsin
from tests.support.world import World, a_complaint, a_place
from tocsin_cli.embedded import nats_server
from tocsin_cli.embedded.ports import free_port
from tocsin_common.testing import eventually
from tocsin_contracts import taxonomy
from tocsin_contracts.permissions import server_config
from tocsin_contracts.streams import CASES, INTAKE, SERVICES

LOUD = [a_place(number) for number in range(30)]
QUIET = [a_place(number, country="TH") for number in range(900, 905)]
CODES = list({issue.group: issue.code for issue in taxonomy.shipped().codes}.values())
BETWEEN_KILLS = 60  # complaints accepted after all is back, before the next kill


@pytest.fixture(scope="module")
def monitor() -> Generator[str]:
    """Give nats-server one more door, at which it says how it is set; all else is as ever."""
    port = free_port()

    def with_a_door(*passwords: Any, **options: Any) -> str:
        return f'{server_config(*passwords, **options)}\nhttp: "127.0.0.1:{port}"\n'

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nats_server, "server_config", with_a_door)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def chosen_settings(monitor: str) -> dict[str, str]:
    return {}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everybody(tocsin: Tocsin, receiver: Receiver) -> World:
    return await world.build(tocsin, receiver, [*LOUD, *QUIET])


async def test_whatever_is_killed_under_load_the_ledger_balances(
    tocsin: Tocsin, receiver: Receiver, everybody: World
) -> None:
    ledger = Ledger()
    brand_of = {part: f"Marl Computers {part}" for part in (*SERVICES, *SERVERS)}

    async with Load(everybody.hotline, Reports(LOUD, QUIET, CODES), ledger).running():
        for part in (*SERVICES, *SERVERS):
            await more_are_accepted(ledger)
            await every_alert_changes(tocsin, brand_of[part])
            await webhooks_begin_to_come(receiver)
            tocsin.kill(part)
            await tocsin.ready()
        await more_are_accepted(ledger)
    await tocsin.quiet()

    assert set(ledger.answers) <= {"201", "503", "ServerDisconnectedError", *NO_CONNECTION}
    assert not ledger.contradictions
    assert await complaints_in_cases(everybody) == Counter(ledger.accepted.values())

    async def all_were_told() -> bool:
        told = (await everybody.officer.alerts()).values()
        return Counter(map(about, told)) == Counter(ledger.alerts()) and all(
            brands(alert) == set(brand_of.values()) for alert in told
        )

    await eventually(all_were_told, within=PATIENCE)
    released = versions_of(await everybody.officer.alerts())
    assert max(released.values()) > 1, "alerts changed while things died"
    await eventually(lambda: receiver.newest() == released, within=PATIENCE)
    await tocsin.quiet()
    assert versions_of(await everybody.buyer.alerts()) == released
    assert not receiver.contradictions()
    for alert_id, came in receiver.versions().items():
        assert set(came) <= set(await everybody.buyer.versions(alert_id))


NO_CONNECTION = {"ClientConnectorError", "ClientOSError", "TimeoutError"}


async def more_are_accepted(ledger: Ledger) -> None:
    before = len(ledger.accepted)
    await eventually(lambda: len(ledger.accepted) >= before + BETWEEN_KILLS, within=PATIENCE)


async def every_alert_changes(tocsin: Tocsin, brand: str) -> None:
    """A brand turns out to buy from every factory, so every alert that stands has news."""
    buys = {"organisations": [{"name": brand, "role": "brand"}]}
    rows = [place.listed | buys for place in LOUD]
    await tocsin.operator(CASES).post("/v1/admin/registry/import", {"facilities": rows})


async def webhooks_begin_to_come(receiver: Receiver) -> None:
    """The next slot's alerts are on their way: whatever is killed now is killed amid them."""
    before = len(receiver.hits)
    await eventually(lambda: len(receiver.hits) > before, within=PATIENCE)


async def complaints_in_cases(everybody: World) -> Counter[str]:
    """How often each complaint is in a case or waits for an officer."""
    found = Counter({one["complaint_id"]: 1 for one in await everybody.officer.waiting()})
    async for case in everybody.officer.rows("/v1/cases"):
        opened = await everybody.officer.get(f"/v1/cases/{case['case_id']}")
        found.update(one["complaint_id"] for one in opened["complaints_in_it"])
    return found


def about(alert: Json) -> tuple[str, str]:
    """The company that runs the factory an alert means, and the issue group."""
    [operator] = [one["name"] for one in alert["organisations"] if one["roles"] == ["operator"]]
    return operator, alert["issue_group"]


def brands(alert: Json) -> set[str]:
    return {one["name"] for one in alert["organisations"] if one["roles"] == ["brand"]}


def versions_of(alerts: dict[str, Json]) -> dict[str, int]:
    return {alert_id: alert["version"] for alert_id, alert in alerts.items()}


async def test_started_without_nats_intake_accepts_and_ships_later(
    tocsin: Tocsin, everybody: World
) -> None:
    intake = tocsin.stack.services[INTAKE]
    async with tocsin.untended():
        tocsin.kill("nats")
        tocsin.kill(INTAKE)
        intake.start()
        await eventually(lambda: accepts(everybody, "Night line, no broker"), within=PATIENCE)

        state = (await tocsin.http[INTAKE].get("/readyz")).json()
        assert not state["ready"]
        assert any("nats" in missing for missing in state["waiting_for"])
        before = await filed(tocsin)
    await tocsin.ready()

    await eventually(lambda: one_more_is_filed(tocsin, before), within=PATIENCE)


async def accepts(everybody: World, reference: str) -> bool:
    try:
        answer = await everybody.hotline.send(
            "POST", "/v1/complaints", json=a_complaint(reference, QUIET[0])
        )
    except aiohttp.ClientError:
        return False
    return answer.status == 201


async def filed(tocsin: Tocsin) -> int:
    return (await tocsin.operator(CASES).get("/v1/admin/ledger"))["complaints"]["total"]


async def one_more_is_filed(tocsin: Tocsin, before: int) -> bool:
    return await filed(tocsin) == before + 1


def test_postgresql_writes_through_before_it_says_so(tocsin: Tocsin) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert tocsin.stack.postgres.run(f"show {setting}") == "on"


async def test_jetstream_syncs_before_it_acknowledges(tocsin: Tocsin, monitor: str) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{monitor}/jsz?config=1") as answer:
        said = await answer.json()

    assert said["config"]["sync_always"] is True


async def test_every_stream_is_a_file_that_refuses_rather_than_forgets(tocsin: Tocsin) -> None:
    for info in await tocsin.bus.jetstream().streams_info():
        config = info.config.as_dict()
        assert config["storage"] == "file"
        assert config["discard"] == "new"
        assert config["deny_delete"]
        assert config["deny_purge"]
