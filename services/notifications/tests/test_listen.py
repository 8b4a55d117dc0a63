"""`tocsin listen`: a developer's program gets what an endpoint would."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from builders import an_alert, an_organisation
from receiver import Hit, Receiver
from scene import Buyer, Scene
from senders import Sender

from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client

BRAND = an_organisation()


@asynccontextmanager
async def tocsin(
    scene: Scene, buyer: Buyer, *arguments: str
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The command, as a developer runs it."""
    key = buyer.key["Authorization"].removeprefix("Bearer ")
    environment = os.environ | {
        "TOCSIN_NOTIFICATIONS_URL": scene.client.url,
        "TOCSIN_BUYER_KEY": key,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tocsin_cli",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout
    return json.loads(await asyncio.wait_for(process.stdout.readline(), 30))


def listening(receiver: Receiver, *more: str) -> tuple[str, ...]:
    return ("listen", "--forward-to", receiver.url("/mine"), "--json", *more)


async def test_a_listener_gets_alerts_and_tests_signed_with_a_secret_that_stays(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer = await scene.buyer(reach=[BRAND.organisation_id])
    await scene.subscription(buyer)
    async with tocsin(scene, buyer, *listening(receiver, "--stop-after", "2")) as first:
        secret = (await line(first))["secret"]
        alert = an_alert(organisations=(BRAND,))
        await scene.release(alert)
        await receiver.got(1)
        async with tocsin(scene, buyer, "trigger", "alert.corrected", "--json") as triggering:
            [planned] = (await line(triggering))["data"]
        await receiver.got(2)
        assert await asyncio.wait_for(first.wait(), 30) == 0
    async with tocsin(scene, buyer, *listening(receiver)) as second:
        again = (await line(second))["secret"]

    told = [hit.verified_with(secret) for hit in receiver.hits]
    assert again == secret
    assert told[0]["data"]["alert_id"] == str(alert.alert_id)
    assert (told[1]["type"], told[1]["data"]["test"]) == ("alert.corrected", True)
    assert receiver.hits[1].id == planned["delivery_id"]
    assert [one["state"] for one in await scene.deliveries(buyer)] == ["delivered", "delivered"]


async def test_what_the_program_refused_comes_again_with_the_same_id_and_bytes(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer = await scene.buyer(reach=[BRAND.organisation_id])
    await scene.subscription(buyer)
    receiver.answer_with("/mine", 500, 302)
    async with tocsin(scene, buyer, *listening(receiver)) as process:
        await line(process)
        await scene.release(an_alert(organisations=(BRAND,)))
        await receiver.got(3, within=60)
        await scene.delivered(1)

    [delivery] = await scene.deliveries(buyer)
    assert len({(hit.id, hit.body) for hit in receiver.hits}) == 1
    detail = await scene.get(f"/v1/deliveries/{delivery['delivery_id']}", buyer)
    assert [one["status"] for one in detail["tried"]] == [204, 302, 500]


async def test_a_listener_outlives_a_service_that_dies_while_its_outcomes_are_awaited(
    scene: Scene, receiver: Receiver, environment: dict[str, str]
) -> None:
    service = Sender(environment)

    async def kill_it(_: Hit) -> web.Response:
        await service.kill()
        hold = "update delivery set lease_until = now() + interval '1 hour' where leases > 0"
        await scene.database_change(hold)  # however slow this machine is
        return web.Response(status=204)

    try:
        await service.start()
        async with service.client() as scene.client:
            buyer = await scene.buyer(reach=[BRAND.organisation_id])
            await scene.subscription(buyer)
            async with tocsin(scene, buyer, *listening(receiver)) as process:
                await line(process)
                receiver.answer("/mine", kill_it)
                await scene.release(an_alert(organisations=(BRAND,)))
                await receiver.got(1)
                assert process.stderr
                said = [(await process.stderr.readline()).decode() for _ in range(2)]
                receiver.answer_with("/mine")
                await service.start()
                await scene.delivered(1)
                await scene.release(an_alert(organisations=(BRAND,)))
                await scene.delivered(2)
    finally:
        await service.kill()

    assert [one.split("; ")[1].strip() for one in said] == [
        "asking again in 1 s (^C stops)",
        "asking again in 2 s (^C stops)",
    ]
    assert len({hit.id for hit in receiver.hits}) == len(receiver.hits) == 2


async def test_what_a_killed_listener_took_is_taken_again_by_the_next_and_by_nobody_else(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, other = await scene.buyer(reach=[BRAND.organisation_id]), await scene.buyer()
    await scene.subscription(buyer)
    await scene.post("/v1/listen", buyer)
    await scene.post("/v1/listen", other)
    await scene.release(an_alert(organisations=(BRAND,)))
    await scene.quiet()

    [taken] = (await scene.post("/v1/listen/next", buyer, {"wait": 5}))["data"]
    meanwhile = (await scene.post("/v1/listen/next", buyer, {"wait": 0}))["data"]
    theirs = (await scene.post("/v1/listen/next", other, {"wait": 0}))["data"]
    await scene.database_change("update delivery set lease_until = now() - interval '1 second'")
    [again] = (await scene.post("/v1/listen/next", buyer, {"wait": 5}))["data"]
    late = {"delivery_id": taken["delivery_id"], "lease": taken["lease"], "status": 204}
    right = late | {"lease": again["lease"]}
    noted = [
        (await scene.post("/v1/listen/outcomes", asking, {"data": [outcome]}))["noted"]
        for asking, outcome in ((buyer, late), (other, right), (buyer, right), (buyer, right))
    ]

    assert (meanwhile, theirs) == ([], [])
    assert (again["delivery_id"], again["body"]) == (taken["delivery_id"], taken["body"])
    assert noted == [0, 0, 1, 0]


async def test_nothing_is_kept_for_who_listens_no_more(notifications: Client, scene: Scene) -> None:
    buyer = await scene.buyer(reach=[BRAND.organisation_id])
    await scene.subscription(buyer)
    await scene.post("/v1/listen", buyer)
    await scene.release(an_alert(organisations=(BRAND,)))

    async def planned() -> bool:
        return await scene.planned() == 1

    await eventually(planned)

    away = "update endpoint set listened_at = now() - interval '11 minutes'"
    await scene.database_change(away)
    await scene.release(an_alert(organisations=(BRAND,)))
    assert await scene.planned() == 1
    await scene.post("/v1/listen", buyer)

    assert (await scene.post("/v1/listen/next", buyer, {"wait": 0}))["data"] == []
    [old] = await scene.deliveries(buyer)
    assert old["state"] == "cancelled"


async def test_who_has_not_begun_to_listen_is_told_so(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    refused = await scene.post("/v1/listen/next", await scene.buyer(), {"wait": 0}, expect=404)

    assert refused["code"] == "not_found"


async def test_a_listener_without_a_program_behind_it_says_so_and_goes_on(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer = await scene.buyer(reach=[BRAND.organisation_id])
    await scene.subscription(buyer)
    nobody = ("listen", "--forward-to", "http://127.0.0.1:9/", "--json")
    async with tocsin(scene, buyer, *nobody) as process:
        await line(process)
        await scene.release(an_alert(organisations=(BRAND,)))
        outcome = await line(process)

        async def noted() -> bool:
            return bool(await scene.count("select count(*) from attempt"))

        await eventually(noted)

    assert outcome["status"] is None
    [delivery] = await scene.deliveries(buyer)
    assert delivery["state"] == "waiting"


async def test_a_process_that_is_asked_to_stop_sends_waiting_listeners_away_at_once(
    scene: Scene, environment: dict[str, str]
) -> None:
    process = Sender(environment)
    await process.start()
    try:
        async with process.client() as scene.client:
            buyer = await scene.buyer()
            await scene.post("/v1/listen", buyer)
            await scene.database_change("update endpoint set listened_at = null")
            waiting = asyncio.create_task(scene.post("/v1/listen/next", buyer, {"wait": 25}))
            asked = "select listened_at is not null from endpoint"
            await eventually(lambda: scene.count(asked))
            status = await process.terminate()
            taken = await waiting  # an answer, not a connection that was cut
    finally:
        await process.kill()

    assert taken == {"data": []}
    assert status in (0, -signal.SIGTERM)
