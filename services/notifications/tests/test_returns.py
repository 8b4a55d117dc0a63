"""Mail that comes back: who is told, what is given up, and whom we do not believe."""

import json
from typing import Any

import pytest
from builders import an_alert, an_organisation
from mailbox_server import BOUNCE_KEY, Mailbox
from reports import a_report, an_absence
from scene import Buyer, Scene
from test_mail import a_reader, press

from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client

BRAND = an_organisation()
FULL = {"status": "5.2.2", "said": "smtp; 552 5.2.2 mailbox full"}


async def take_back(
    client: Client, raw: bytes, *, recipient: str = "", key: str = BOUNCE_KEY, expect: int = 200
) -> Any:
    """Hand over a message as the operator's mail server does."""
    answer = await client.post(
        "/v1/bounces",
        data=raw,
        params={"recipient": recipient} if recipient else {},
        headers=client.with_key(key) | {"Content-Type": "message/rfc822"},
    )
    assert answer.status == expect, answer.text
    return answer.json()


async def a_told_reader(
    scene: Scene, mailbox: Mailbox, address: str = "procurement@city.example"
) -> tuple[Buyer, str]:
    buyer, where = await a_reader(scene, mailbox, address)
    await scene.reach(buyer.id, [BRAND.organisation_id], version=2)
    await scene.quiet()
    return buyer, where


async def a_mail(scene: Scene, mailbox: Mailbox, address: str = "procurement@city.example") -> str:
    """Let an alert be mailed; return where its mail comes back to."""
    before = len(mailbox.to(address))
    await scene.release(an_alert(organisations=(BRAND,)))
    await eventually(lambda: len(mailbox.to(address)) > before)
    await eventually(lambda: none_waits(scene))
    return mailbox.to(address)[-1].sender


async def none_waits(scene: Scene) -> bool:
    return not await scene.count("select count(*) from delivery where state = 'waiting'")


async def newest(scene: Scene, buyer: Buyer) -> Any:
    alerts = [one for one in await scene.deliveries(buyer) if one["purpose"] == "alert"]
    return await scene.get(f"/v1/deliveries/{alerts[0]['delivery_id']}", buyer)


async def test_where_nobody_is_nothing_more_is_sent_and_everybody_concerned_sees_it(
    mailing: Client, scene: Scene, mailbox: Mailbox, told: Any
) -> None:
    buyer, where = await a_told_reader(scene, mailbox)
    status, other = await scene.ask(
        "POST", "/v1/endpoints/email", buyer, {"email": "second@city.example"}
    )
    assert status == 201
    [question] = await mailbox.got(1)
    assert await press(mailing, question.plain[question.plain.index("/mail/") :].split()[0]) == 200
    way_back = await a_mail(scene, mailbox)

    taken = await take_back(mailing, a_report(way_back))
    again = await take_back(mailing, a_report(way_back))

    assert taken == again == {"means": "nobody_there"}
    endpoint, delivery = await scene.get(where, buyer), await newest_to(scene, buyer, where)
    assert endpoint["disabled_reason"] == "bounced"
    assert (delivery["state"], delivery["tried"][0]["fault"]) == ("failed", "bounced")
    assert delivery["tried"][0]["excerpt"].startswith("5.1.1 smtp; 550 5.1.1")
    assert (await scene.get(f"/v1/endpoints/{other['endpoint_id']}", buyer))["disabled_at"] is None
    await eventually(lambda: notices_to(mailbox, "second@city.example"))
    [notice] = notices_to(mailbox, "second@city.example")
    assert "procurement@city.example" in notice.plain
    assert "nobody is there" in notice.plain
    await eventually(lambda: shipped(scene))
    news = {one.subject: json.loads(one.data) for one in await told("DELIVERIES")}
    disabled = news["tocsin.deliveries.endpoint_disabled.v1"]
    assert (disabled["reason"], disabled["endpoint_id"]) == ("bounced", endpoint["endpoint_id"])
    failed = news["tocsin.deliveries.failed.v1"]
    assert (failed["delivery_id"], failed["version"]) == (delivery["delivery_id"], 2)


async def shipped(scene: Scene) -> bool:
    return not await scene.count("select count(*) from outbox")


async def newest_to(scene: Scene, buyer: Buyer, where: str) -> Any:
    for one in await scene.deliveries(buyer):
        if one["purpose"] == "alert" and where.endswith(one["endpoint_id"]):
            return await scene.get(f"/v1/deliveries/{one['delivery_id']}", buyer)
    return None


def notices_to(mailbox: Mailbox, address: str) -> list[Any]:
    return [one for one in mailbox.to(address) if "stopped" in one.message["Subject"]]


async def test_a_full_mailbox_fails_its_delivery_and_is_given_up_after_five_days_of_nothing_else(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    buyer, where = await a_told_reader(scene, mailbox)

    assert await take_back(mailing, a_report(await a_mail(scene, mailbox), **FULL)) == {
        "means": "not_delivered"
    }
    failed, first = await newest(scene, buyer), await scene.get(where, buyer)
    await scene.database_change(SIX_DAYS)
    arrived = await a_mail(scene, mailbox)
    await scene.database_change(SIX_DAYS)  # the second one arrived, days ago
    await take_back(mailing, a_report(await a_mail(scene, mailbox), **FULL))
    second = await scene.get(where, buyer)
    await scene.database_change(SIX_DAYS)
    await take_back(mailing, a_report(arrived, **FULL))  # it had not arrived after all
    third = await scene.get(where, buyer)

    assert (failed["state"], failed["tried"][0]["fault"]) == ("failed", "bounced")
    assert first["disabled_at"] is second["disabled_at"] is None
    assert third["disabled_reason"] == "bouncing"
    status, _ = await scene.ask("POST", f"{where}/enable", buyer)
    assert (status, (await scene.get(where, buyer))["disabled_at"]) == (200, None)


SIX_DAYS = """
with address as (
    update endpoint set bouncing_since = bouncing_since - interval '6 days',
        bounced_at = bounced_at - interval '6 days'
)
update attempt set started_at = started_at - interval '6 days'
"""


@pytest.mark.parametrize("kind", ["delayed", "absent"])
async def test_what_is_no_failure_changes_nothing(
    mailing: Client, scene: Scene, mailbox: Mailbox, kind: str
) -> None:
    buyer, where = await a_told_reader(scene, mailbox)
    way_back = await a_mail(scene, mailbox)
    delayed = a_report(way_back, action="delayed", status="4.4.1")

    await take_back(mailing, delayed if kind == "delayed" else an_absence(way_back))

    assert (await newest(scene, buyer))["state"] == "delivered"
    assert (await scene.get(where, buyer))["disabled_at"] is None


async def test_a_forged_report_is_refused_and_changes_nothing(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    buyer, where = await a_told_reader(scene, mailbox)
    way_back = await a_mail(scene, mailbox)
    delivery = await newest(scene, buyer)
    local, _, domain = way_back.partition("@")
    forged = [
        f"bounces+{delivery['delivery_id']}@monitor.example",
        f"bounces+{delivery['delivery_id'].replace('-', '')}@monitor.example",
        f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}",
        f"{local[:-4]}@{domain}",
        f"{local}@elsewhere.example",
        "bounces@monitor.example",
        "procurement@city.example",
    ]

    for address in forged:
        refused = await take_back(mailing, a_report(address), expect=422)
        assert refused["code"] == "not_sent_by_us"
    for key in ("", "something else", scene.settings.admin_key.get_secret_value()):
        await take_back(mailing, a_report(way_back), key=key, expect=401)
    await take_back(mailing, a_report(way_back), key=buyer.key["Authorization"][7:], expect=401)

    assert (await newest(scene, buyer))["state"] == "delivered"
    assert (await scene.get(where, buyer))["disabled_at"] is None


async def test_the_mail_server_may_say_where_a_message_came_to(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    """As when it rewrote the headers, or wrote the address in capitals."""
    buyer, _ = await a_told_reader(scene, mailbox)
    way_back = await a_mail(scene, mailbox)

    await take_back(mailing, a_report("postmaster@mail.example"), recipient=way_back.upper())

    assert (await newest(scene, buyer))["state"] == "failed"


async def test_without_a_key_for_the_mail_server_nothing_is_taken(
    notifications: Client, scene: Scene
) -> None:
    await take_back(notifications, a_report("bounces@monitor.example"), key="", expect=401)
