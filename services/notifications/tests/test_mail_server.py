"""The operator's own mail server is away: that is the operator's to see, and no address's fault."""

import socket
from typing import Any

import pytest
from builders import an_alert, an_organisation
from conftest import Serve
from mailbox_server import Mailbox
from prometheus_client import REGISTRY
from pydantic import SecretStr
from receiver import Receiver
from scene import Buyer, Scene
from test_mail import a_reader

from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_contracts.alerts import Alert

BRAND = an_organisation()
LONG_AGO = "update endpoint set failing_since = now() - interval '6 days', failed_at = now()"


async def a_told_reader(scene: Scene, mailbox: Mailbox, address: str) -> tuple[Buyer, str]:
    buyer, where = await a_reader(scene, mailbox, address)
    await scene.reach(buyer.id, [BRAND.organisation_id], version=2)
    await scene.quiet()
    return buyer, where


def an_alert_of_the_brand() -> Alert:
    return an_alert(organisations=(BRAND,))


async def mail_server(client: Client, scene: Scene) -> Any:
    """What the operator is told."""
    key = client.with_key(scene.settings.admin_key.get_secret_value())
    answer = await client.get("/v1/admin/mail", headers=key)
    assert answer.status == 200
    return answer.json()


def a_closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


async def tried(scene: Scene, times: int) -> bool:
    query = "select coalesce(max(attempts), 0) from delivery where state = 'waiting'"
    return await scene.count(query) >= times


async def test_five_days_without_a_mail_server_disable_no_address_and_everything_comes_then(
    serve: Serve, scene: Scene, mailbox: Mailbox
) -> None:
    async with serve(**mailbox.settings) as scene.client:
        buyer, where = await a_told_reader(scene, mailbox, "reader@city.example")
    away = mailbox.settings | {"smtp_port": a_closed_port(), "retry_scale": 0.001}
    async with serve(**away) as scene.client:
        await scene.release(an_alert_of_the_brand())
        await eventually(lambda: tried(scene, 3), within=60)
        told = await mail_server(scene.client, scene)
        seen = REGISTRY.get_sample_value("tocsin_mail_server_away")
        endpoint = await scene.get(where, buyer)
        [delivery] = [one for one in await scene.deliveries(buyer) if one["purpose"] == "alert"]
        tries = await scene.count("select max(tries) from delivery where state = 'waiting'")
        failing = await scene.count("select count(failing_since) from endpoint")
    async with serve(**mailbox.settings) as scene.client:
        await mailbox.got(1, within=60)
        well = await mail_server(scene.client, scene)
        await eventually(lambda: scene.count("select count(*) from attempt where status = 250"))

    assert told == {"configured": True, "reached": False, "fault": "connect"}
    assert seen == 1
    assert (endpoint["disabled_at"], delivery["state"]) == (None, "waiting")
    assert (tries, failing) == (0, 0)
    assert well == {"configured": True, "reached": True, "fault": None}
    assert REGISTRY.get_sample_value("tocsin_mail_server_away") == 0


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("421 4.3.2 Busy", "mail_server"),
        ("452 4.3.1 No room", "mail_server"),
        ("550 5.3.4 Too large for this system", "mail_server"),
        ("450 4.2.1 Mailbox busy", "status"),
    ],
)
async def test_what_a_mail_server_says_of_itself_does_not_count_against_an_address(
    serve: Serve, scene: Scene, mailbox: Mailbox, answer: str, fault: str
) -> None:
    async with serve(**mailbox.settings) as scene.client:
        buyer, where = await a_told_reader(scene, mailbox, "reader@city.example")
        await scene.database_change(LONG_AGO)  # had it failed until now, one more would be the end
        mailbox.answer("reader@city.example", answer)
        await scene.release(an_alert_of_the_brand())
        await mailbox.got(0 if fault == "status" else 1, within=60)
        await eventually(lambda: scene.count("select count(*) from attempt where fault <> ''"))
        endpoint = await scene.get(where, buyer)
        told = "select fault from attempt where fault <> '' order by started_at limit 1"
        noted = await scene.count(told)

    assert noted == fault
    assert endpoint["disabled_reason"] == ("failing" if fault == "status" else None)


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"smtp_password": SecretStr("wrong")}, "status"),
        ({"smtp_ca_file": None}, "tls"),
        ({"smtp_host": "nowhere.invalid"}, "name"),
        ({"smtp_security": "tls"}, "protocol"),
    ],
)
async def test_the_operator_is_told_why_the_mail_server_takes_nothing(
    serve: Serve, scene: Scene, mailbox: Mailbox, wrong: dict[str, Any], fault: str
) -> None:
    async with serve(**(mailbox.settings | wrong)) as client:
        told = await mail_server(client, scene)

    assert told == {"configured": True, "reached": False, "fault": fault}


async def test_a_mail_server_that_hangs_delays_no_webhook(
    serve: Serve, scene: Scene, mailbox: Mailbox, receiver: Receiver
) -> None:
    """Many mails wait, and hold no place of another kind."""
    async with serve(**mailbox.settings) as scene.client:
        await a_told_reader(scene, mailbox, "reader@city.example")
        await scene.listener(receiver.url(), reach=[BRAND.organisation_id])
    await scene.database_change(MANY_ADDRESSES)
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)  # takes, and says nothing
    hanging = {"smtp_port": listener.getsockname()[1], "smtp_timeout": 60}
    with listener:
        async with serve(**(mailbox.settings | hanging)) as scene.client:
            await scene.release(*(an_alert_of_the_brand() for _ in range(20)))
            await receiver.got(20, within=60)
            waiting = await scene.count("select count(*) from delivery where state = 'waiting'")

    assert waiting >= 20 * 101


MANY_ADDRESSES = """
insert into endpoint (
    id, buyer_id, kind, address, description, latest_only, secret_generation, created_at,
    verified_at, version
)
select gen_random_uuid(), buyer_id, 'email', number || '@city.example', '', false, 1, now(),
    now(), 0
from endpoint, generate_series(1, 100) as number where kind = 'email'
"""
