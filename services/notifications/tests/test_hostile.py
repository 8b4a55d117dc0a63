"""What becomes of deliveries to receivers that misbehave, and of everybody else's meanwhile."""

import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from builders import an_alert, an_organisation
from conftest import Serve
from hostile import Hostile, a_certificate_nobody_trusts
from receiver import Hit, Receiver
from scene import Buyer, Scene

from tocsin_common.testing import eventually
from tocsin_contracts.alerts import Alert

MAKER = an_organisation()
REACH = [MAKER.organisation_id]

A_HUNDRED = """
insert into endpoint (
    id, buyer_id, kind, address, description, latest_only, secret_generation, created_at, version
)
select gen_random_uuid(), buyer.id, 'webhook',
    '{}' || case number when 0 then 'dead' else number::text end, '', false, 1, now(), 0
from buyer, generate_series(0, 99) as number
"""


@pytest_asyncio.fixture(loop_scope="session")
async def hostile() -> AsyncGenerator[Hostile]:
    async with Hostile().running() as running:
        yield running


def an_alert_of_the_maker() -> Alert:
    return an_alert(organisations=(MAKER,))


async def first_try(scene: Scene, buyer: Buyer) -> Any:
    """What the log shows of a delivery's first attempt."""

    async def tried() -> Any:
        return [one for one in await scene.deliveries(buyer) if one["attempts"]]

    [delivery] = await eventually(tried, within=60)
    detail = await scene.get(f"/v1/deliveries/{delivery['delivery_id']}", buyer)
    return detail["tried"][-1]


@pytest.mark.parametrize(
    ("path", "status", "fault"),
    [
        ("/drips_its_head", None, "timeout"),
        ("/drips_its_body", 200, None),  # what counts came in time
        ("/resets", None, "connect"),
        ("/says_nothing_and_closes", None, "connect"),
        ("/speaks_something_else", None, "protocol"),
        ("/has_endless_headers", None, "protocol"),
        ("/has_an_endless_body", 200, None),
        ("/claims_to_be_compressed", 200, None),
    ],
)
async def test_a_receiver_that_misbehaves_is_noted_for_what_it_does(
    serve: Serve, scene: Scene, hostile: Hostile, path: str, status: int | None, fault: str | None
) -> None:
    async with serve(attempt_timeout=3, retry_scale=1) as scene.client:
        buyer, _ = await scene.listener(hostile.url(path), reach=REACH)
        await scene.release(an_alert_of_the_maker())
        attempt = await first_try(scene, buyer)

    assert (attempt["status"], attempt["fault"]) == (status, fault)
    assert len(attempt["excerpt"] or "") <= 500
    assert attempt["milliseconds"] < 10_000


async def test_a_certificate_that_nobody_trusts_is_not_spoken_to(
    serve: Serve, scene: Scene
) -> None:
    async with (
        Hostile().running(a_certificate_nobody_trusts()) as hostile,
        serve(retry_scale=1) as scene.client,
    ):
        url = hostile.url("/claims_to_be_compressed", scheme="https")
        buyer, _ = await scene.listener(url, reach=REACH)
        await scene.release(an_alert_of_the_maker())
        attempt = await first_try(scene, buyer)

    assert (attempt["status"], attempt["fault"]) == (None, "tls")
    assert hostile.asked == []


async def test_a_redirect_to_the_metadata_service_is_a_failure_and_not_followed(
    serve: Serve, scene: Scene, receiver: Receiver
) -> None:
    inside = {"location": "http://169.254.169.254/latest/meta-data/"}
    receiver.answer_with("/hook", 307, headers=inside)
    async with serve(retry_scale=1) as scene.client:
        buyer, _ = await scene.listener(receiver.url(), reach=REACH)
        await scene.release(an_alert_of_the_maker())
        attempt = await first_try(scene, buyer)

    assert (attempt["status"], attempt["fault"]) == (307, "redirect")
    assert "169.254" not in str(attempt)


async def test_everybody_well_is_told_at_once_while_others_misbehave(
    serve: Serve, scene: Scene, receiver: Receiver, hostile: Hostile
) -> None:
    receiver.hang("/hangs")
    bad = [receiver.url("/hangs")]
    bad += [hostile.url(one) for one in ("/drips_its_head", "/resets", "/has_an_endless_body")]
    async with serve(attempt_timeout=60, retry_scale=1) as scene.client:
        for url in bad:
            await scene.listener(url, reach=REACH)
        for number in range(6):
            await scene.listener(receiver.url(f"/well{number}"), reach=REACH)

        await scene.release(*(an_alert_of_the_maker() for _ in range(20)))
        # The hanging ones have 60 seconds; whoever waited for them would not be done in 50.
        await eventually(lambda: _well(receiver) == 120, within=50)


def _well(receiver: Receiver) -> int:
    return sum(hit.path.startswith("/well") for hit in receiver.hits)


async def test_through_random_failures_everything_arrives_in_order(
    serve: Serve, scene: Scene, receiver: Receiver
) -> None:
    chance = Random(7)  # noqa: S311

    async def sometimes(_: Hit) -> web.Response:
        return web.Response(status=chance.choice([204, 204, 204, 204, 500, 503, 502]))

    receiver.answer("/hook", sometimes)
    async with serve(retry_scale=1e-5) as scene.client:
        await scene.listener(receiver.url(), reach=REACH)
        alerts = [an_alert_of_the_maker() for _ in range(15)]
        for version in (1, 2):
            await scene.release(*(one.model_copy(update={"version": version}) for one in alerts))
        planned = await scene.planned()
        await eventually(lambda: _ended(scene, planned), within=60)

    assert await scene.count("select count(*) from delivery where state = 'failed'") == 0
    heard: dict[str, list[int]] = {}
    for hit in receiver.hits:
        heard.setdefault(hit.told["data"]["alert_id"], []).append(hit.version)
    assert all(versions == sorted(versions) for versions in heard.values())
    assert {versions[-1] for versions in heard.values()} == {2}


async def _ended(scene: Scene, count: int) -> bool:
    ended = "select count(*) from delivery where state in ('delivered', 'failed')"
    return await scene.count(ended) == count


async def test_a_dead_endpoint_among_100_holds_one_place_and_costs_the_others_nothing(
    serve: Serve, scene: Scene, receiver: Receiver
) -> None:
    receiver.hang("/dead")
    async with serve(attempt_timeout=5, lease_seconds=5, retry_scale=1) as scene.client:
        buyer = await scene.buyer(reach=REACH)
        await scene.subscription(buyer)
        await scene.database_change(A_HUNDRED.format(receiver.url("/")))
        await scene.release(an_alert_of_the_maker())
        failed = "select count(*) from attempt where fault <> ''"
        await eventually(lambda: scene.count(failed), within=60)
        tried = len(receiver.at("/dead"))
        began = time.monotonic()
        await scene.release(*(an_alert_of_the_maker() for _ in range(20)))
        await scene.delivered(99 * 21, within=240)
        took = time.monotonic() - began

    # One that fails is tried one at a time, and each try lasts five seconds.
    assert len(receiver.at("/dead")) - tried <= took / 5 + 2
    assert await scene.count("select count(*) from delivery where state = 'waiting'") == 21


async def test_two_workers_and_one_look_the_same_to_the_receiver(
    serve: Serve, scene: Scene, receiver: Receiver
) -> None:
    """The same alerts to the same endpoints, which fail in the same way."""
    alerts = [an_alert_of_the_maker() for _ in range(20)]
    paths = [f"/{number}" for number in range(5)]
    async with serve() as scene.client:
        for path in paths:
            await scene.listener(receiver.url(path), reach=REACH)
    seen: list[Any] = []
    for workers in (1, 2):
        for path in paths:
            receiver.answer_with(path, 500, 503)
        await scene.database_change("truncate delivery, attempt, alert_version, heard, outbox")
        receiver.hits.clear()
        async with AsyncExitStack() as stack:
            for _ in range(workers):
                await stack.enter_async_context(serve(retry_scale=0.01, poll_seconds=0.02))
            for version in (1, 2, 3):
                news = (one.model_copy(update={"version": version}) for one in alerts)
                await scene.release(*news)
                await scene.quiet()
            await scene.delivered(300, within=60)
        seen.append(_told(receiver))

    alone, together = seen
    assert alone == together
    assert set(alone.values()) == {(1, 2, 3)}


def _told(receiver: Receiver) -> dict[tuple[str, str], tuple[int, ...]]:
    """What each endpoint heard of each alert, in order; a repeat of the same id counts once."""
    heard: dict[tuple[str, str], list[Hit]] = {}
    for hit in receiver.hits:
        versions = heard.setdefault((hit.path, hit.told["data"]["alert_id"]), [])
        if not versions or versions[-1].id != hit.id:
            versions.append(hit)
        assert versions[-1].body == hit.body
    return {where: tuple(hit.version for hit in hits) for where, hits in heard.items()}
