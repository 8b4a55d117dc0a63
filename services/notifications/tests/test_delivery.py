"""Deliveries, as a buyer's server sees them."""

import asyncio
import json
from typing import Any

from aiohttp import web
from builders import an_alert, an_organisation
from conftest import Serve
from receiver import Hit, Receiver
from scene import Scene

from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_contracts.alerts import AlertState

MAKER = an_organisation()
REACH = [MAKER.organisation_id]


async def test_an_alert_arrives_signed_and_is_noted(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, secret = await scene.listener(receiver.url(), reach=REACH)
    alert = an_alert(organisations=(MAKER,))

    await scene.release(alert)
    await scene.delivered(1)

    [hit] = receiver.hits
    assert hit.verified_with(secret) == {
        "type": "alert.raised",
        "timestamp": "2026-03-03T12:00:00Z",
        "data": {
            "alert_id": str(alert.alert_id),
            "version": 1,
            "level": "buyers_confirmed",
            "link": f"https://portal.example/v1/alerts/{alert.alert_id}",
            "state": "active",
        },
    }
    [delivery] = await scene.deliveries(buyer)
    assert (delivery["delivery_id"], delivery["state"]) == (hit.id, "delivered")
    detail = await scene.get(f"/v1/deliveries/{hit.id}", buyer)
    assert detail["body"].encode() == hit.body
    assert [(one["status"], one["fault"]) for one in detail["tried"]] == [(204, None)]


async def test_every_attempt_sends_the_same_id_and_the_same_bytes(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    receiver.answer_with("/hook", 500, 302)
    buyer, secret = await scene.listener(receiver.url(), reach=REACH)

    await scene.release(an_alert(organisations=(MAKER,)))
    await receiver.got(2)
    await scene.database_change("update delivery set due_at = now()")
    await scene.delivered(1)

    assert len({(hit.id, hit.body) for hit in receiver.hits}) == 1
    for hit in receiver.hits:
        hit.verified_with(secret)
    detail = await scene.get(f"/v1/deliveries/{receiver.hits[0].id}", buyer)
    assert [(one["status"], one["fault"]) for one in detail["tried"]] == [
        (204, None),
        (302, "redirect"),
        (500, "status"),
    ]


async def test_a_newer_version_never_overtakes_an_older_one(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    receiver.answer_with("/hook", 500)
    await scene.listener(receiver.url(), reach=REACH)
    alert = an_alert(organisations=(MAKER,))

    await scene.release(alert)
    await receiver.got(1)
    for version in (2, 3):
        await scene.release(alert.model_copy(update={"version": version}))
        await scene.quiet()
    await scene.delivered(3)

    assert [hit.version for hit in receiver.hits] == [1, 1, 2, 3]


async def test_versions_wait_behind_one_that_hangs_and_go_at_once_after_it(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    free = receiver.hang("/hook")
    await scene.listener(receiver.url(), reach=REACH)
    alert, other = an_alert(organisations=(MAKER,)), an_alert(organisations=(MAKER,))

    await scene.release(alert, other)
    await receiver.got(2)
    await scene.release(alert.model_copy(update={"version": 2}))
    await scene.quiet()
    assert {(hit.told["data"]["alert_id"], hit.version) for hit in receiver.hits} == {
        (str(alert.alert_id), 1),
        (str(other.alert_id), 1),
    }
    free.set()
    await scene.delivered(3)

    assert receiver.hits[-1].version == 2


async def test_one_hanging_endpoint_does_not_delay_the_others(
    serve: Serve, scene: Scene, receiver: Receiver
) -> None:
    receiver.hang("/hangs")
    async with serve(lease_seconds=5, attempt_timeout=60) as scene.client:
        await scene.listener(receiver.url("/hangs"), reach=REACH)
        for number in range(5):
            await scene.listener(receiver.url(f"/well{number}"), reach=REACH)

        await scene.release(*(an_alert(organisations=(MAKER,)) for _ in range(40)))
        await scene.delivered(200, within=60)

    assert 0 < len(receiver.at("/hangs")) <= 16


async def test_what_is_planned_is_sent_at_once_and_not_at_the_next_look(
    serve: Serve, scene: Scene, receiver: Receiver
) -> None:
    async with serve(poll_seconds=600, lease_seconds=30) as scene.client:
        await scene.listener(receiver.url(), reach=REACH)
        for number in range(1, 11):
            await scene.release(an_alert(organisations=(MAKER,)))
            await scene.delivered(number)


async def test_410_disables_the_endpoint_and_enabling_it_sends_what_waited(
    notifications: Client, scene: Scene, receiver: Receiver, told: Any
) -> None:
    receiver.answer_with("/hook", 410)
    buyer, _ = await scene.listener(receiver.url(), reach=REACH)
    [endpoint] = (await scene.get("/v1/endpoints", buyer))["data"]
    where = f"/v1/endpoints/{endpoint['endpoint_id']}"

    await scene.release(an_alert(organisations=(MAKER,)))

    async def disabled() -> Any:
        return (await scene.get(where, buyer))["disabled_at"]

    await eventually(disabled)
    await scene.release(an_alert(organisations=(MAKER,)))
    await scene.quiet()
    assert len(receiver.hits) == 1
    [event] = await eventually(lambda: told("DELIVERIES"))
    assert event.subject == "tocsin.deliveries.endpoint_disabled.v1"
    assert json.loads(event.data)["reason"] == "gone"
    assert {one["state"] for one in await scene.deliveries(buyer)} == {"waiting"}

    shown = await scene.post(f"{where}/enable", buyer)
    await scene.delivered(2)

    assert (shown["disabled_at"], shown["failing_since"]) == (None, None)
    assert len(receiver.hits) == 3


async def test_after_the_last_attempt_it_is_listed_and_can_be_sent_again(
    serve: Serve, scene: Scene, receiver: Receiver, told: Any
) -> None:
    receiver.answer_with("/hook", *[503] * 10)
    async with serve(retry_scale=1e-6) as scene.client:
        buyer, _ = await scene.listener(receiver.url(), reach=REACH)
        await scene.release(an_alert(organisations=(MAKER,)))

        async def failed() -> Any:
            return await scene.deliveries(buyer, state="failed")

        [delivery] = await eventually(failed)
        assert (delivery["attempts"], delivery["next_attempt_at"]) == (10, None)
        again = await scene.post(
            f"/v1/deliveries/{delivery['delivery_id']}/resend", buyer, expect=202
        )
        assert again["state"] == "waiting"
        await scene.delivered(1)
        messages = await eventually(lambda: _two(told))

    assert len({(hit.id, hit.body) for hit in receiver.hits}) == 1
    assert len(receiver.hits) == 11
    facts = [(one.subject.split(".")[2], json.loads(one.data)) for one in messages]
    assert [(fact, event["attempts"], event["version"]) for fact, event in facts] == [
        ("failed", 10, 1),
        ("succeeded", 11, 2),
    ]


async def _two(told: Any) -> Any:
    messages = await told("DELIVERIES")
    return messages if len(messages) == 2 else None


async def test_an_older_version_is_not_sent_again_after_a_newer_one(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, _ = await scene.listener(receiver.url(), reach=REACH)
    alert = an_alert(organisations=(MAKER,))
    await scene.release(alert)
    await scene.delivered(1)
    await scene.release(alert.model_copy(update={"version": 2, "state": AlertState.CORRECTED}))
    await scene.delivered(2)
    newest, oldest = (one["delivery_id"] for one in await scene.deliveries(buyer))

    problem = await scene.post(f"/v1/deliveries/{oldest}/resend", buyer, expect=409)
    assert problem["code"] == "overtaken"
    await scene.post(f"/v1/deliveries/{newest}/resend", buyer, expect=202)
    await receiver.got(3)

    assert [hit.version for hit in receiver.hits] == [1, 2, 2]


async def test_retry_after_is_honoured(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    receiver.answer_with("/hook", 429, headers={"retry-after": "30"})
    buyer, _ = await scene.listener(receiver.url(), reach=REACH)

    await scene.release(an_alert(organisations=(MAKER,)))

    async def tried() -> Any:
        return [one for one in await scene.deliveries(buyer) if one["attempts"] == 1]

    await eventually(tried)
    wait = await scene.count("select extract(epoch from due_at - now()) from delivery")
    assert 28 < wait <= 30


async def test_deleting_an_endpoint_cancels_what_waits_for_it(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    receiver.answer_with("/hook", 500, headers={"retry-after": "60"})
    buyer, _ = await scene.listener(receiver.url(), reach=REACH)
    await scene.release(an_alert(organisations=(MAKER,)))
    await receiver.got(1)
    [endpoint] = (await scene.get("/v1/endpoints", buyer))["data"]

    async with notifications.http.delete(
        f"/v1/endpoints/{endpoint['endpoint_id']}", headers=buyer.key
    ) as answer:
        assert answer.status == 204

    [delivery] = await scene.deliveries(buyer)
    assert delivery["state"] == "cancelled"
    problem = await scene.post(
        f"/v1/deliveries/{delivery['delivery_id']}/resend", buyer, expect=409
    )
    assert problem["code"] == "endpoint_gone"


async def test_a_result_that_cannot_be_noted_yet_is_noted_later(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    """While the result waits for the database, the delivery is not sent a second time."""
    await scene.listener(receiver.url(), reach=REACH)
    answered = asyncio.Event()
    async with scene.database.begin() as tx:

        async def lock_and_answer(hit: Hit) -> web.Response:
            await scene.lock(tx, hit.id)
            answered.set()
            return web.Response(status=204)

        receiver.answer("/hook", lock_and_answer)
        await scene.release(an_alert(organisations=(MAKER,)))
        await asyncio.wait_for(answered.wait(), 10)
    await scene.delivered(1)

    assert len(receiver.hits) == 1
