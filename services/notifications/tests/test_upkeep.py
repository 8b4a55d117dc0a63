"""What buyers do about their endpoints, as their callers and their receivers see it."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from builders import an_alert, an_organisation
from conftest import Serve
from nacl.signing import VerifyKey
from receiver import Hit, Receiver
from scene import Buyer, Scene
from standardwebhooks import WebhookVerificationError

from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_contracts.alerts import AlertState

MAKER = an_organisation()
REACH = [MAKER.organisation_id]
LONG_AGO = "2026-01-01T00:00:00Z"


async def a_listener(scene: Scene, url: str) -> tuple[Buyer, str, str]:
    """A buyer, where its endpoint is, and the secret."""
    buyer, secret = await scene.listener(url, reach=REACH)
    [endpoint] = (await scene.get("/v1/endpoints", buyer))["data"]
    return buyer, f"/v1/endpoints/{endpoint['endpoint_id']}", secret


def an_alert_of_the_maker(**changes: Any) -> Any:
    return an_alert(organisations=(MAKER,), **changes)


async def change(
    client: Client, where: str, buyer: Buyer, body: Any, if_match: str | None = "*"
) -> tuple[int, Any]:
    headers = buyer.key | ({"If-Match": if_match} if if_match else {})
    answer = await client.request("PATCH", where, json=body, headers=headers)
    return answer.status, answer.json()


async def test_old_and_new_secret_verify_during_a_rotation_and_then_only_the_new_one(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, where, old = await a_listener(scene, receiver.url())

    rotated = await scene.post(f"{where}/rotate", buyer)
    await scene.release(an_alert_of_the_maker())
    await scene.delivered(1)
    await scene.database_change("update endpoint set previous_until = now()")
    await scene.release(an_alert_of_the_maker())
    await scene.delivered(2)

    during, after = receiver.hits
    overlap = datetime.fromisoformat(rotated["previous_until"]) - datetime.now(UTC)
    assert timedelta(hours=23) < overlap <= timedelta(hours=24)
    for secret in (old, rotated["secret"]):
        assert during.verified_with(secret)["type"] == "alert.raised"
    assert after.verified_with(rotated["secret"])["type"] == "alert.raised"
    with pytest.raises(WebhookVerificationError):
        after.verified_with(old)


async def test_every_delivery_verifies_under_a_published_key_also_while_that_is_replaced(
    serve: Serve, scene: Scene, receiver: Receiver
) -> None:
    async with serve(webhook_signing=(2, 1)) as scene.client:
        await scene.listener(receiver.url(), reach=REACH)
        await scene.release(an_alert_of_the_maker())
        await scene.delivered(1)
        published = (await scene.client.get("/.well-known/webhook-keys.json")).json()["keys"]

    [hit] = receiver.hits
    sent = [one for one in hit.headers["webhook-signature"].split() if one.startswith("v1a,")]
    signed = f"{hit.id}.{hit.headers['webhook-timestamp']}.".encode() + hit.body
    assert len({one["key_id"] for one in published}) == len(sent) == 2
    for key, signature in zip(published, sent, strict=True):
        assert key["algorithm"] == "ed25519"
        verifier = VerifyKey(base64.b64decode(key["public_key"].removeprefix("whpk_")))
        verifier.verify(signed, base64.b64decode(signature.removeprefix("v1a,")))


async def test_a_test_is_a_signed_delivery_that_the_log_shows(
    notifications: Client, scene: Scene, receiver: Receiver, told: Any
) -> None:
    buyer, where, secret = await a_listener(scene, receiver.url())

    planned = await scene.post(f"{where}/test", buyer, expect=202)
    await scene.delivered(1)

    [hit] = receiver.hits
    assert hit.verified_with(secret)["type"] == "endpoint.test"
    assert hit.told["data"]["test"] is True
    [logged] = await scene.deliveries(buyer)
    assert (logged["delivery_id"], logged["purpose"], logged["alert_id"]) == (hit.id, "test", None)
    assert planned["delivery_id"] == hit.id
    detail = await scene.get(f"/v1/deliveries/{hit.id}", buyer)
    assert (detail["body"].encode(), detail["type"]) == (hit.body, "endpoint.test")
    assert await told("DELIVERIES") == []


async def test_a_test_that_fails_is_not_tried_again(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    receiver.answer_with("/hook", 500)
    buyer, where, _ = await a_listener(scene, receiver.url())

    await scene.post(f"{where}/test", buyer, expect=202)

    [failed] = await eventually(lambda: scene.deliveries(buyer, state="failed"))
    assert failed["attempts"] == 1


async def test_an_endpoint_that_repeats_the_challenge_is_verified(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    async def repeat(hit: Hit) -> web.Response:
        return web.json_response({"challenge": hit.told["data"]["challenge"]})

    receiver.answer("/hook", repeat)
    buyer, where, secret = await a_listener(scene, receiver.url())
    assert (await scene.get(where, buyer))["verified_at"] is None

    await scene.post(f"{where}/verify", buyer, expect=202)
    await scene.delivered(1)

    assert (await scene.get(where, buyer))["verified_at"]
    assert receiver.hits[0].verified_with(secret)["type"] == "endpoint.verification"


async def test_an_endpoint_that_only_says_yes_is_not_verified(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, where, _ = await a_listener(scene, receiver.url())

    await scene.post(f"{where}/verify", buyer, expect=202)
    [failed] = await eventually(lambda: scene.deliveries(buyer, state="failed"))

    detail = await scene.get(f"/v1/deliveries/{failed['delivery_id']}", buyer)
    assert [(one["status"], one["fault"]) for one in detail["tried"]] == [(204, "challenge")]
    assert (await scene.get(where, buyer))["verified_at"] is None


async def test_a_new_address_is_to_be_verified_anew(notifications: Client, scene: Scene) -> None:
    buyer, where, _ = await a_listener(scene, "https://procurement.city.example/")
    await scene.database_change("update endpoint set verified_at = now()")

    status, same = await change(notifications, where, buyer, {"description": "Purchasing"})
    assert (status, bool(same["verified_at"])) == (200, True)
    status, moved = await change(notifications, where, buyer, {"url": "https://new.city.example/"})

    assert (status, moved["url"]) == (200, "https://new.city.example/")
    assert (moved["verified_at"], moved["description"]) == (None, "Purchasing")


async def test_what_comes_of_an_address_says_nothing_of_the_one_that_replaced_it(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    """A deliverer was on its way to the old one when it changed."""
    buyer, where, _ = await a_listener(scene, receiver.url("/old"))
    free = asyncio.Event()

    async def proves_it_and_is_gone(hit: Hit) -> web.Response:
        await free.wait()
        challenge = hit.told["data"].get("challenge")
        return web.Response(text=challenge) if challenge else web.Response(status=410)

    receiver.answer("/old", proves_it_and_is_gone)
    await scene.post(f"{where}/verify", buyer, expect=202)
    alert = an_alert_of_the_maker()
    await scene.release(alert)
    await receiver.got(2)
    await change(notifications, where, buyer, {"url": receiver.url("/new")})
    free.set()
    await scene.delivered(2)

    shown = await scene.get(where, buyer)
    [old] = [hit for hit in receiver.at("/old") if hit.told["type"] == "alert.raised"]
    [new] = receiver.at("/new")
    assert (shown["verified_at"], shown["disabled_at"], shown["failing_since"]) == (None,) * 3
    assert (new.id, new.body) == (old.id, old.body)


async def test_a_new_address_is_sent_at_once_what_waited_for_the_old_one(
    serve: Serve, scene: Scene, receiver: Receiver
) -> None:
    receiver.answer_with("/old", *[500] * 9)
    async with serve(retry_scale=1000) as client:
        scene.client = client
        buyer, where, _ = await a_listener(scene, receiver.url("/old"))
        await scene.release(an_alert_of_the_maker())
        failing = "select failing_since is not null from endpoint"
        await eventually(lambda: scene.count(failing))
        await change(client, where, buyer, {"url": receiver.url("/new")})
        await scene.delivered(1)

    assert len(receiver.at("/new")) == 1


async def test_a_change_says_which_state_it_changes(notifications: Client, scene: Scene) -> None:
    buyer, where, _ = await a_listener(scene, "https://procurement.city.example/")
    tag = (await notifications.get(where, headers=buyer.key)).headers["ETag"]

    assert (await change(notifications, where, buyer, {}, if_match=None))[0] == 428
    status, shown = await change(notifications, where, buyer, {"rate_per_minute": 60}, tag)
    assert (status, shown["rate_per_minute"]) == (200, 60)
    status, problem = await change(notifications, where, buyer, {"rate_per_minute": None}, tag)
    assert (status, problem["code"]) == (412, "changed_since")


async def test_a_paused_endpoint_hears_only_corrections_and_the_rest_when_it_goes_on(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, where, _ = await a_listener(scene, receiver.url())
    alert, other = an_alert_of_the_maker(), an_alert_of_the_maker()
    await scene.release(alert)
    await scene.delivered(1)

    paused = await scene.post(f"{where}/pause", buyer)
    await scene.release(other, alert.model_copy(update={"version": 2}))
    await scene.quiet()
    await scene.release(alert.model_copy(update={"version": 3, "state": AlertState.CORRECTED}))
    await scene.delivered(2)
    assert [hit.version for hit in receiver.hits] == [1, 3]
    resumed = await scene.post(f"{where}/resume", buyer)
    await scene.delivered(3)

    assert (bool(paused["paused_at"]), resumed["paused_at"]) == (True, None)
    assert receiver.hits[2].told["data"]["alert_id"] == str(other.alert_id)
    states = {one["alert_version"]: one["state"] for one in await scene.deliveries(buyer)}
    assert states[2] == "superseded"


async def test_who_wants_the_latest_only_is_not_sent_what_a_newer_version_replaces(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, where, _ = await a_listener(scene, receiver.url())
    await change(notifications, where, buyer, {"latest_only": True})
    free = receiver.hang("/hook")
    alert = an_alert_of_the_maker()

    await scene.release(alert)
    await receiver.got(1)
    for version in (2, 3, 4):
        await scene.release(alert.model_copy(update={"version": version}))
        await scene.quiet()
    free.set()
    await scene.delivered(2)

    assert [hit.version for hit in receiver.hits] == [1, 4]
    states = {one["alert_version"]: one["state"] for one in await scene.deliveries(buyer)}
    assert states == {1: "delivered", 2: "superseded", 3: "superseded", 4: "delivered"}


async def test_a_rate_is_kept_and_delays_nobody_else(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, where, _ = await a_listener(scene, receiver.url("/slow"))
    await scene.listener(receiver.url("/free"), reach=REACH)
    await change(notifications, where, buyer, {"rate_per_minute": 60})  # ten at once, then 1/s
    await scene.release(*(an_alert_of_the_maker() for _ in range(40)))

    await eventually(lambda: len(receiver.at("/free")) == 40)
    began = datetime.now(UTC)
    early = len(receiver.at("/slow"))
    await eventually(lambda: len(receiver.at("/slow")) >= early + 3)
    took = (datetime.now(UTC) - began).total_seconds()

    assert 10 <= early <= 14
    assert took > 1.5


async def test_after_five_days_of_failures_only_it_is_disabled_and_not_before(
    notifications: Client, scene: Scene, receiver: Receiver, told: Any
) -> None:
    receiver.answer_with("/hook", *[500] * 3)
    buyer, where, _ = await a_listener(scene, receiver.url())
    age = "update endpoint set failing_since = now() - interval '{}', failed_at = now()"

    await scene.database_change(age.format("4 days 23 hours"))
    await scene.post(f"{where}/test", buyer, expect=202)
    await eventually(lambda: scene.deliveries(buyer, state="failed"))
    assert (await scene.get(where, buyer))["disabled_at"] is None
    await scene.database_change(age.format("5 days 1 minute"))
    await scene.post(f"{where}/test", buyer, expect=202)
    await eventually(lambda: _disabled(scene, where, buyer))

    shown = await scene.get(where, buyer)
    assert shown["disabled_reason"] == "failing"
    [event] = await eventually(lambda: told("DELIVERIES"))
    assert event.subject == "tocsin.deliveries.endpoint_disabled.v1"
    problem = await scene.post(f"{where}/test", buyer, expect=409)
    assert problem["code"] == "endpoint_disabled"


async def test_failures_far_apart_are_not_five_days_of_failures_only(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    receiver.answer_with("/hook", 500)
    buyer, where, _ = await a_listener(scene, receiver.url())
    await scene.database_change(
        "update endpoint set failing_since = now() - interval '9 days',"
        " failed_at = now() - interval '6 days'"
    )

    await scene.post(f"{where}/test", buyer, expect=202)
    await eventually(lambda: scene.deliveries(buyer, state="failed"))

    shown = await scene.get(where, buyer)
    assert shown["disabled_at"] is None
    assert datetime.now(UTC) - datetime.fromisoformat(shown["failing_since"]) < timedelta(hours=1)


async def test_429_quiets_the_whole_endpoint_and_nobody_else(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    receiver.answer_with("/busy", 429, headers={"retry-after": "600"})
    buyer, where, _ = await a_listener(scene, receiver.url("/busy"))
    await scene.listener(receiver.url("/free"), reach=REACH)

    await scene.release(an_alert_of_the_maker())
    await eventually(lambda: len(receiver.at("/busy")) == 1)
    await eventually(lambda: _quiet(scene, where, buyer))
    await scene.release(*(an_alert_of_the_maker() for _ in range(5)))
    await scene.delivered(6)

    assert len(receiver.at("/busy")) == 1
    quiet = datetime.fromisoformat((await scene.get(where, buyer))["quiet_until"])
    assert timedelta(seconds=570) < quiet - datetime.now(UTC) <= timedelta(seconds=600)


async def test_what_failed_is_sent_again_since_a_time_in_order_and_no_older_version(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, where, _ = await a_listener(scene, receiver.url())
    both, replaced = an_alert_of_the_maker(), an_alert_of_the_maker()
    for alert in (both, replaced):
        for version in (1, 2):
            await scene.release(alert.model_copy(update={"version": version}))
            await scene.quiet()
    await scene.delivered(4)
    await scene.database_change("update delivery set state = 'failed'")
    newer = "update delivery set state = 'delivered' where alert_version = 2 and alert_id = '{}'"
    await scene.database_change(newer.format(replaced.alert_id))
    receiver.hits.clear()

    later = await scene.post(
        f"{where}/recover", buyer, {"since": "2999-01-01T00:00:00Z"}, expect=202
    )
    again = await scene.post(f"{where}/recover", buyer, {"since": LONG_AGO}, expect=202)
    await scene.delivered(3)

    assert (later["sent_again"], again) == (0, {"sent_again": 2, "more": False})
    assert [(hit.told["data"]["alert_id"], hit.version) for hit in receiver.hits] == [
        (str(both.alert_id), 1),
        (str(both.alert_id), 2),
    ]


async def test_what_was_delivered_is_sent_again_when_asked_for_in_its_newest_version(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, where, _ = await a_listener(scene, receiver.url())
    alert = an_alert_of_the_maker()
    for version in (1, 2):
        await scene.release(alert.model_copy(update={"version": version}))
        await scene.delivered(version)

    wanted = {"since": LONG_AGO, "delivered_too": True}
    again = await scene.post(f"{where}/recover", buyer, wanted, expect=202)
    await receiver.got(3)
    await scene.delivered(2)

    assert again["sent_again"] == 1
    assert [hit.version for hit in receiver.hits] == [1, 2, 2]
    assert receiver.hits[1].id == receiver.hits[2].id


async def test_an_endpoints_health_is_told_from_its_attempts(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, where, _ = await a_listener(scene, receiver.url())
    empty = await scene.get(f"{where}/health", buyer)
    assert (empty["attempts"], empty["failure_rate"], empty["last_success_at"]) == (0, None, None)

    await scene.release(*(an_alert_of_the_maker() for _ in range(3)))
    await scene.delivered(3)
    receiver.answer_with("/hook", 500)
    await scene.post(f"{where}/test", buyer, expect=202)
    await eventually(lambda: scene.deliveries(buyer, state="failed"))
    await scene.database_change("update attempt set milliseconds = 7")
    await scene.database_change(
        "insert into attempt (delivery_id, number, endpoint_id, started_at, milliseconds, status)"
        " select delivery_id, 9, endpoint_id, now() - interval '8 days', 7000, 204 from attempt"
        " limit 1"
    )

    shown = await scene.get(f"{where}/health", buyer)
    assert (shown["attempts"], shown["failed"], shown["failure_rate"]) == (4, 1, 0.25)
    assert [shown[f"milliseconds_p{one}"] for one in (50, 95, 99)] == [7, 7, 7]
    assert shown["last_success_at"]
    assert shown["waiting"] == 0


async def test_no_operation_touches_another_buyers_endpoint(
    notifications: Client, scene: Scene
) -> None:
    _, where, _ = await a_listener(scene, "https://procurement.city.example/")
    stranger = await scene.buyer()

    for action in ("test", "verify", "rotate", "pause", "resume"):
        await scene.post(f"{where}/{action}", stranger, expect=404)
    await scene.post(f"{where}/recover", stranger, {"since": LONG_AGO}, expect=404)
    await scene.get(f"{where}/health", stranger, expect=404)
    assert (await change(notifications, where, stranger, {}))[0] == 404


async def _disabled(scene: Scene, where: str, buyer: Buyer) -> Any:
    return (await scene.get(where, buyer))["disabled_at"]


async def _quiet(scene: Scene, where: str, buyer: Buyer) -> Any:
    return (await scene.get(where, buyer))["quiet_until"]


@pytest.mark.parametrize("since", [0, 1_700_000_000, "1700000000", "2026-03-03T00:00:00"])
async def test_a_moment_is_taken_only_as_it_is_written(
    notifications: Client, scene: Scene, receiver: Receiver, since: Any
) -> None:
    buyer = await scene.buyer()
    endpoint = await scene.endpoint(buyer, receiver.url())
    path = f"/v1/endpoints/{endpoint['endpoint_id']}/recover"

    await scene.post(path, buyer, {"since": since}, expect=422)
