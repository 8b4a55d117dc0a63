"""Every refusal is a problem, and none repeats what was sent."""

import json
from io import BytesIO
from itertools import product
from typing import Any
from uuid import uuid4

from portal import BuyerCaller, Caller, Portal

CANARY = "zq-canary-7431"

BUYERS_PATHS = ["/v1/alerts", f"/v1/alerts/{uuid4()}", "/v1/suppliers", "/v1/me"]


NO_KEYS: list[dict[str, str]] = [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer "},
    {"Authorization": f"Bearer tcs_live_{CANARY}"},
    {"Authorization": f"Basic {CANARY}"},
]


async def test_nobody_gets_in_without_a_key(portal: Portal) -> None:
    for path, headers in product(BUYERS_PATHS, NO_KEYS):
        async with portal.client.http.get(path, headers=headers) as answer:
            body = await answer.json(content_type="application/problem+json")

        assert answer.status == 401, (path, headers)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert body["code"] == "not_authenticated"
        assert CANARY not in json.dumps(body)


async def test_a_buyers_key_opens_no_operators_door_nor_the_other_way_round(
    portal: Portal,
) -> None:
    buyer = await portal.buyer()

    for path in ("/v1/admin/buyers", "/v1/admin/parked", f"/v1/admin/buyers/{buyer.buyer_id}"):
        assert (await buyer.get(path)).status == 401
    for path in BUYERS_PATHS:
        assert (await portal.operator.get(path)).status == 401


REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/v1/alerts", {"params": {"after": CANARY}}, 400),
    ("GET", "/v1/alerts", {"params": {"state": CANARY}}, 422),
    ("GET", "/v1/alerts", {"params": {"level": "internal" + CANARY}}, 422),
    ("GET", "/v1/alerts", {"params": {"level": "internal"}}, 422),
    ("GET", "/v1/alerts", {"params": {"country": CANARY}}, 422),
    ("GET", "/v1/alerts", {"params": {"issue_group": CANARY}}, 422),
    ("GET", "/v1/alerts", {"params": {"organisation": CANARY}}, 422),
    ("GET", "/v1/alerts", {"params": {"after": CANARY * 400}}, 422),
    ("GET", f"/v1/alerts/{CANARY}", {}, 422),
    ("GET", f"/v1/suppliers/{CANARY}", {}, 422),
    ("GET", "/v1/suppliers", {"params": {"after": f"{CANARY}\x00"}}, 400),
    ("GET", f"/v1/{CANARY}", {}, 404),
    ("DELETE", "/v1/alerts", {"data": CANARY}, 405),
]


async def test_a_buyer_is_refused_without_echo(portal: Portal) -> None:
    buyer = await portal.buyer(uuid4())

    for method, path, sent, status in REFUSED:
        await refused(buyer, method, path, sent, status)


AS_JSON = {"headers": {"Content-Type": "application/json"}}
ADMIN_REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("POST", "", {"data": f"{{{CANARY}", **AS_JSON}, 400),
    ("POST", "", {"json": {}}, 422),
    ("POST", "", {"json": {"name": "", "country": CANARY}}, 422),
    ("POST", "", {"json": {"name": f"{CANARY}\x00"}}, 422),
    ("POST", "", {"json": {"name": CANARY * 30}}, 422),
    ("POST", "", {"json": {"name": "A", "language": f"{CANARY}!"}}, 422),
    ("POST", "", {"json": {"name": "A", "undertaking_signed": CANARY}}, 422),
    ("POST", "", {"json": [CANARY]}, 422),
    ("POST", "", {"data": f'{{"name": "{CANARY}\\ud800"}}', **AS_JSON}, 422),
    ("POST", "", {"data": BytesIO(CANARY.encode() * 100_000), **AS_JSON}, 413),
    ("GET", f"/{CANARY}", {}, 422),
    ("GET", "", {"params": {"after": CANARY}}, 400),
    ("PUT", f"/{uuid4()}/reach", {"json": {"organisation_ids": [CANARY]}}, 422),
    ("PUT", f"/{uuid4()}/reach", {"json": {"organisation_ids": {CANARY: 1}}}, 422),
    ("PUT", f"/{uuid4()}/reach", {"json": {"organisation_ids": [str(uuid4())] * 10_001}}, 422),
]


async def test_an_operator_is_refused_without_echo(portal: Portal) -> None:
    for method, path, sent, status in ADMIN_REFUSED:
        await refused(portal.operator, method, f"/v1/admin/buyers{path}", sent, status)


async def refused(
    caller: Caller | BuyerCaller, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    answer = await caller.ask(method, path, **sent)

    assert answer.status == status, (method, path, answer)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert CANARY not in json.dumps(answer.json())
