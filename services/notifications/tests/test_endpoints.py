"""The buyers' own API, as its callers see it."""

import base64
from typing import Any
from uuid import uuid4

import pytest
from builders import an_alert, an_organisation
from conftest import Serve
from receiver import Receiver
from scene import Buyer, Scene

from tocsin_common.testing.http import Client

URL = "https://procurement.city.example/tocsin"


async def request(client: Client, method: str, path: str, buyer: Buyer, body: Any = None) -> Any:
    async with client.http.request(method, path, json=body, headers=buyer.key) as answer:
        return answer.status, await answer.json() if answer.status != 204 else None


async def test_an_endpoints_secret_is_shown_once(notifications: Client, scene: Scene) -> None:
    buyer = await scene.buyer()

    created = await scene.post(
        "/v1/endpoints", buyer, {"url": URL, "description": "Purchasing"}, expect=201
    )
    shown = await scene.get(f"/v1/endpoints/{created['endpoint_id']}", buyer)
    listed = await scene.get("/v1/endpoints", buyer)

    assert len(base64.b64decode(created.pop("secret").removeprefix("whsec_"))) == 32
    assert shown == created == listed["data"][0]
    assert (shown["url"], shown["description"]) == (URL, "Purchasing")
    assert (shown["disabled_at"], shown["failing_since"]) == (None, None)


async def test_no_secret_and_no_key_lies_in_the_database(
    notifications: Client, scene: Scene
) -> None:
    buyer = await scene.buyer()
    secret = (await scene.endpoint(buyer, URL))["secret"].removeprefix("whsec_")

    for table in ("endpoint", "buyer_key"):
        rows = str(await scene.count(f"select json_agg({table}) from {table}"))  # noqa: S608
        assert rows != "None"
        assert secret not in rows
        assert base64.b64decode(secret).hex() not in rows
        assert buyer.key["Authorization"].removeprefix("Bearer ") not in rows


@pytest.mark.parametrize(
    "url",
    [
        "procurement.example", "ftp://procurement.example/", "https:///hook", "https://?", "http:",
        "https://user:password@procurement.example/", "https://procurement.example/#part",
        "https://procurement.example/a b", "https://procurement.example/\x00",
        "https://prøcurement.example/", "https://[::1/", "https://procurement.example:99999/",
        "https://procurement.example:0/", "javascript:alert(1)", "https://" + "x" * 2000,
    ],
)  # fmt: skip
async def test_what_is_no_web_address_is_refused_and_not_echoed(
    notifications: Client, scene: Scene, url: str
) -> None:
    buyer = await scene.buyer()

    status, problem = await request(notifications, "POST", "/v1/endpoints", buyer, {"url": url})

    assert (status, problem["code"]) == (422, "invalid")
    assert problem["errors"][0]["pointer"] == "/url"
    assert url not in str(problem)


async def test_without_tls_only_where_the_operator_allowed_networks(
    serve: Serve, scene: Scene
) -> None:
    async with serve(allowed_networks=()) as scene.client:
        buyer = await scene.buyer()

        status, problem = await request(
            scene.client, "POST", "/v1/endpoints", buyer, {"url": "http://127.0.0.1/hook"}
        )

    assert (status, problem["code"]) == (422, "plain_http")


async def test_a_subscription_is_shown_as_it_was_made(notifications: Client, scene: Scene) -> None:
    buyer, organisation = await scene.buyer(), str(uuid4())
    endpoint = (await scene.endpoint(buyer, URL))["endpoint_id"]
    wanted = {
        "name": "Laptops",
        "organisation_ids": [organisation],
        "countries": ["MY", "VN"],
        "issue_groups": ["forced_labour"],
        "endpoint_ids": [endpoint],
    }

    created = await scene.subscription(buyer, **wanted)
    anything = await scene.subscription(buyer)

    assert created.items() >= wanted.items()
    assert anything["endpoint_ids"] is None
    where = f"/v1/subscriptions/{created['subscription_id']}"
    assert await scene.get(where, buyer) == created
    assert (await scene.get("/v1/subscriptions", buyer))["data"] == [anything, created]
    assert (await request(notifications, "DELETE", where, buyer))[0] == 204
    assert (await request(notifications, "GET", where, buyer))[0] == 404
    assert await scene.count("select count(*) from subscription_term") == 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"issue_groups": ["wagess"]}, "unknown_issue_group"),
        ({"endpoint_ids": [str(uuid4())]}, "unknown_endpoint"),
        ({"endpoint_ids": []}, "invalid"),
        ({"countries": ["vn"]}, "invalid"),
        ({"country": ["VN"]}, "invalid"),
        ({"organisation_ids": ["one"]}, "invalid"),
    ],
)
async def test_a_subscription_that_could_never_match_is_refused(
    notifications: Client, scene: Scene, wrong: dict[str, Any], code: str
) -> None:
    buyer = await scene.buyer()

    status, problem = await request(notifications, "POST", "/v1/subscriptions", buyer, wrong)

    assert (status, problem["code"]) == (422, code)


async def test_a_subscription_loses_a_deleted_endpoint_and_does_not_go_everywhere(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    maker = an_organisation()
    buyer, _ = await scene.listener(receiver.url("/all"), reach=[maker.organisation_id])
    one, other = [
        (await scene.endpoint(buyer, receiver.url(path)))["endpoint_id"]
        for path in ("/one", "/other")
    ]
    named = await scene.subscription(buyer, endpoint_ids=[one])

    await request(notifications, "DELETE", f"/v1/endpoints/{one}", buyer)

    shown = await scene.get(f"/v1/subscriptions/{named['subscription_id']}", buyer)
    assert shown["endpoint_ids"] == []
    await request(notifications, "DELETE", f"/v1/endpoints/{other}", buyer)
    await scene.release(an_alert(organisations=(maker,)))
    await scene.delivered(1)
    assert [hit.path for hit in receiver.hits] == ["/all"]


async def test_lists_come_in_pages_newest_first(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    maker = an_organisation()
    buyer, _ = await scene.listener(receiver.url(), reach=[maker.organisation_id])
    await scene.release(*(an_alert(organisations=(maker,)) for _ in range(7)))
    await scene.delivered(7)

    found: list[Any] = []
    path: str | None = "/v1/deliveries?limit=3&state=delivered"
    while path:
        async with notifications.http.get(path, headers=buyer.key) as answer:
            found.append((await answer.json())["data"])
            path = str(answer.links["next"]["url"]) if answer.links else None

    assert [len(page) for page in found] == [3, 3, 1]
    planned = [(one["planned_at"], one["delivery_id"]) for page in found for one in page]
    assert planned == sorted(planned, reverse=True)
    assert len(set(planned)) == 7


async def test_the_log_is_filtered(notifications: Client, scene: Scene, receiver: Receiver) -> None:
    maker = an_organisation()
    buyer, _ = await scene.listener(receiver.url("/a"), reach=[maker.organisation_id])
    await scene.endpoint(buyer, receiver.url("/b"))
    first, second = (an_alert(organisations=(maker,)) for _ in range(2))
    await scene.release(first, second)
    await scene.delivered(4)
    [endpoint, _] = (await scene.get("/v1/endpoints", buyer))["data"]

    assert len(await scene.deliveries(buyer)) == 4
    assert len(await scene.deliveries(buyer, alert_id=str(first.alert_id))) == 2
    assert len(await scene.deliveries(buyer, endpoint_id=endpoint["endpoint_id"])) == 2
    assert await scene.deliveries(buyer, state="failed") == []


async def test_a_buyer_sees_nothing_of_another(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    maker = an_organisation()
    owner, _ = await scene.listener(receiver.url(), reach=[maker.organisation_id])
    await scene.release(an_alert(organisations=(maker,)))
    await scene.delivered(1)
    [endpoint] = (await scene.get("/v1/endpoints", owner))["data"]
    [subscription] = (await scene.get("/v1/subscriptions", owner))["data"]
    [delivery] = await scene.deliveries(owner)
    other = await scene.buyer(reach=[maker.organisation_id])

    for method, path in (
        ("GET", f"/v1/endpoints/{endpoint['endpoint_id']}"),
        ("DELETE", f"/v1/endpoints/{endpoint['endpoint_id']}"),
        ("POST", f"/v1/endpoints/{endpoint['endpoint_id']}/enable"),
        ("GET", f"/v1/subscriptions/{subscription['subscription_id']}"),
        ("DELETE", f"/v1/subscriptions/{subscription['subscription_id']}"),
        ("GET", f"/v1/deliveries/{delivery['delivery_id']}"),
        ("POST", f"/v1/deliveries/{delivery['delivery_id']}/resend"),
    ):
        status, theirs = await request(notifications, method, path, other)
        nobodys = path.replace(path.split("/")[3], str(uuid4()))
        assert (status, theirs["code"]) == (404, "not_found")
        assert (await request(notifications, method, nobodys, other))[0] == 404
    for path in ("endpoints", "subscriptions", "deliveries"):
        assert (await scene.get(f"/v1/{path}", other))["data"] == []
    status, problem = await request(
        notifications, "GET", f"/v1/deliveries?after={delivery['delivery_id']}", other
    )
    assert (status, problem["code"]) == (400, "bad_cursor")
    status, problem = await request(
        notifications,
        "POST",
        "/v1/subscriptions",
        other,
        {"endpoint_ids": [endpoint["endpoint_id"]]},
    )
    assert (status, problem["code"]) == (422, "unknown_endpoint")
    assert len(receiver.hits) == 1


async def test_only_a_buyers_key_opens_the_door(notifications: Client, scene: Scene) -> None:
    gone = await scene.buyer(active=False)

    for headers in ({}, {"Authorization": "Bearer tcs_live_00"}, gone.key):
        async with notifications.http.get("/v1/endpoints", headers=headers) as answer:
            assert answer.status == 401
            assert (await answer.json())["code"] == "not_authenticated"
