"""What is delivered when the sender is killed in the middle (P1, P3)."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from aiohttp import web
from builders import an_alert, an_organisation
from receiver import Hit, Receiver
from scene import Scene
from senders import Sender

MAKER = an_organisation()


@pytest.fixture
async def sender(environment: dict[str, str]) -> AsyncGenerator[Sender]:
    running = Sender(environment)
    await running.start()
    yield running
    await running.kill()


@pytest.mark.timeout(240)
async def test_a_delivery_that_was_under_way_is_sent_again_with_the_same_id_and_bytes(
    sender: Sender, scene: Scene, receiver: Receiver
) -> None:
    free = receiver.hang("/hook")
    async with sender.client() as scene.client:
        _, secret = await scene.listener(receiver.url(), reach=[MAKER.organisation_id])
        await scene.release(an_alert(organisations=(MAKER,)))
        await receiver.got(1, within=60)

        await sender.kill()
        free.set()
        await sender.start()
        await receiver.got(2, within=60)
        await scene.delivered(1, within=120)

    first, second = receiver.hits
    assert (first.id, first.body) == (second.id, second.body)
    assert second.verified_with(secret)["type"] == "alert.raised"


@pytest.mark.timeout(240)
async def test_a_delivery_that_was_taken_and_not_noted_is_sent_again_the_same(
    sender: Sender, scene: Scene, receiver: Receiver
) -> None:
    """The endpoint took it, and the sender died before it could say so."""
    async with sender.client() as scene.client:
        await scene.listener(receiver.url(), reach=[MAKER.organisation_id])
        answered = asyncio.Event()
        async with scene.database.begin() as tx:

            async def hold_and_answer(hit: Hit) -> web.Response:
                await scene.lock(tx, hit.id)
                answered.set()
                return web.Response(status=204)

            receiver.answer("/hook", hold_and_answer)
            alert = an_alert(organisations=(MAKER,))
            await scene.release(alert)
            await asyncio.wait_for(answered.wait(), 30)
            await sender.kill()
        receiver.answer_with("/hook")
        await sender.start()
        await scene.delivered(1, within=120)
        await scene.release(alert.model_copy(update={"version": 2}))
        await scene.delivered(2, within=60)

    assert [hit.version for hit in receiver.hits] == [1, 1, 2]
    assert len({(hit.id, hit.body) for hit in receiver.hits[:2]}) == 1


@pytest.mark.timeout(240)
async def test_everything_arrives_in_order_when_the_sender_is_killed_again_and_again(
    sender: Sender, scene: Scene, receiver: Receiver
) -> None:
    async def slowly(_: Hit) -> web.Response:
        await asyncio.sleep(0.02)
        return web.Response(status=204)

    paths = [f"/{number}" for number in range(4)]
    alerts = [an_alert(organisations=(MAKER,)) for _ in range(25)]
    async with sender.client() as scene.client:
        for path in paths:
            receiver.answer(path, slowly)
            await scene.listener(receiver.url(path), reach=[MAKER.organisation_id])
        for version in (1, 2, 3):
            await scene.release(*(one.model_copy(update={"version": version}) for one in alerts))
            await receiver.got(40 * version, within=60)
            await sender.kill()
            await sender.start()
        await scene.delivered(await scene.planned(), within=60)

    heard: dict[tuple[str, str], list[int]] = {}
    bodies: dict[str, set[bytes]] = {}
    for hit in receiver.hits:
        heard.setdefault((hit.path, hit.told["data"]["alert_id"]), []).append(hit.version)
        bodies.setdefault(hit.id, set()).add(hit.body)
    assert len(heard) == 100
    assert {versions[-1] for versions in heard.values()} == {3}
    assert all(versions == sorted(versions) for versions in heard.values())
    assert all(len(one) == 1 for one in bodies.values())
    assert len(bodies) == await scene.planned()
