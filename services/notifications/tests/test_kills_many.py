"""Twenty thousand deliveries by two workers, one of which is always being killed (P1, P3)."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator

import pytest
from builders import an_alert, an_organisation
from conftest import Serve
from receiver import Hit, Receiver
from scene import Scene
from senders import Sender

from tocsin_common.testing import eventually

MAKER = an_organisation()
BUYERS, ENDPOINTS_OF_EACH, ALERTS = 10, 5, 200
ALL = BUYERS * ENDPOINTS_OF_EACH * ALERTS * 2  # versions
BETWEEN_KILLS = 1500  # deliveries
PATIENCE = 900.0  # seconds; on an idle machine it takes about 30


@pytest.fixture
async def workers(environment: dict[str, str]) -> AsyncGenerator[list[Sender]]:
    both = [Sender(environment, "worker") for _ in range(2)]
    yield both
    for one in both:
        await one.kill()


@pytest.mark.timeout(1800)
async def test_20000_deliveries_arrive_in_order_while_workers_are_killed_in_a_loop(
    serve: Serve, scene: Scene, receiver: Receiver, workers: list[Sender]
) -> None:
    async with serve() as scene.client:
        for name in range(BUYERS):
            buyer = await scene.buyer(reach=[MAKER.organisation_id])
            await scene.subscription(buyer)
            for number in range(ENDPOINTS_OF_EACH):
                await scene.endpoint(buyer, receiver.url(f"/{name}/{number}"))
    alerts = [an_alert(organisations=(MAKER,)) for _ in range(ALERTS)]

    for worker in workers:
        await worker.start()
    killing = asyncio.create_task(kill_in_turn(receiver, workers))
    await scene.release(*alerts)
    await eventually(lambda: _heard(scene, ALERTS), PATIENCE)
    await scene.release(*(one.model_copy(update={"version": 2}) for one in alerts))
    kills = await killing
    await receiver.got(ALL, within=PATIENCE)
    await scene.delivered(ALL, within=PATIENCE)

    assert kills >= 5
    assert_each_arrived_in_order(receiver)
    assert await scene.count("select count(*) from attempt") >= ALL


def assert_each_arrived_in_order(receiver: Receiver) -> None:
    """Every delivery, a repeat only with the same id and body, no older state after a newer."""
    hits: dict[str, list[Hit]] = {}
    places: dict[tuple[str, str], list[int]] = {}
    for hit in receiver.hits:
        hits.setdefault(hit.id, []).append(hit)
        places.setdefault((hit.path, hit.told["data"]["alert_id"]), []).append(hit.version)
    assert len(hits) == ALL
    assert all(len({(one.path, one.body) for one in same}) == 1 for same in hits.values())
    assert len(places) == ALL / 2
    assert all(versions == sorted(versions) for versions in places.values())
    assert Counter(versions[-1] for versions in places.values()) == {2: ALL / 2}


async def kill_in_turn(receiver: Receiver, workers: list[Sender]) -> int:
    """Kill one worker and the other whenever so many more have arrived; say how often."""
    kills = 0
    while True:
        goal = len(receiver.hits) + BETWEEN_KILLS
        await eventually(lambda: len(receiver.hits) >= goal, PATIENCE)  # noqa: B023
        victim = workers[kills % 2]
        await victim.kill()
        await victim.start()
        kills += 1
        if goal > ALL - 2 * BETWEEN_KILLS:
            return kills


async def _heard(scene: Scene, count: int) -> bool:
    await asyncio.sleep(0.2)  # asking costs those who are asked
    return await scene.count("select count(*) from alert_version") == count
