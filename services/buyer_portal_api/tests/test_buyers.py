"""Buyers as the operator registers them, and as BUYERS tells of them."""

import asyncio
import json
from typing import Any
from uuid import uuid4

from portal import Portal
from sqlalchemy import text

from tocsin_buyer_portal_api.buyers.schemas import LARGEST_REACH
from tocsin_buyer_portal_api.buyers.service import MOST_KEYS
from tocsin_buyer_portal_api.settings import Settings
from tocsin_common.auth import hash_of
from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_common.testing.fixtures import ToldIn
from tocsin_contracts.events.buyers import BuyerChanged, KeyChanged, ReachChanged

CHANGED, KEY, REACH = (fact.subject for fact in (BuyerChanged, KeyChanged, ReachChanged))


async def shipped(told: ToldIn, database: Database) -> list[tuple[str, Any]]:
    """All that BUYERS was told, once the outbox is empty."""

    async def empty() -> bool:
        async with database.begin() as tx:
            return (await tx.execute(text("select count(*) from outbox"))).scalar_one() == 0

    await eventually(empty)
    return [(one.subject, json.loads(one.data)) for one in await told("BUYERS")]


async def test_a_new_buyer_and_its_key_are_told_once(
    portal: Portal, database: Database, told: ToldIn, settings: Settings
) -> None:
    created = await portal.operator.ask(
        "POST",
        "/v1/admin/buyers",
        json={
            "name": "Marl Town",
            "country": "SE",
            "language": "sv",
            "undertaking_signed": True,
        },
    )

    assert created.status == 201
    assert created.json()["key"].startswith("tcs_live_")
    assert created.headers["location"] == f"/v1/admin/buyers/{created.json()['buyer_id']}"
    assert created.headers["etag"] == '"1"'
    (buyer_subject, buyer), (key_subject, key) = await shipped(told, database)
    assert (buyer_subject, key_subject) == (CHANGED, KEY)
    assert buyer["buyer_id"] == key["buyer_id"] == created.json()["buyer_id"]
    assert (buyer["version"], key["version"]) == (1, 1)
    assert (buyer["name"], buyer["country"], buyer["language"]) == ("Marl Town", "SE", "sv")
    assert buyer["undertaking_signed"] is True
    assert key["key_id"] == created.json()["key_id"]
    told_hash = KeyChanged.model_validate(key).key_hash
    assert told_hash == hash_of(settings.hash_key, created.json()["key"])


async def test_a_key_is_nowhere_but_in_its_first_answer(
    portal: Portal, database: Database, told: ToldIn
) -> None:
    buyer = await portal.buyer()

    keys = await portal.operator.get(f"/v1/admin/buyers/{buyer.buyer_id}/keys")

    assert [key["key_id"] for key in keys.json()["data"]] == [str(buyer.key_id)]
    assert buyer.key not in json.dumps(keys.json())
    assert buyer.key not in json.dumps(await shipped(told, database))
    async with database.begin() as tx:
        rows = (await tx.execute(text("select buyer::text, k::text from buyer, buyer_key k"))).all()
    assert buyer.key not in str(rows)


async def test_a_buyer_knows_itself(portal: Portal) -> None:
    buyer = await portal.buyer(uuid4(), uuid4(), signed=True, name="Marl Town")

    me = await buyer.get("/v1/me")

    assert me.status == 200
    assert me.json() == {
        "buyer_id": str(buyer.buyer_id),
        "name": "Marl Town",
        "country": None,
        "language": "en",
        "undertaking_signed": True,
        "organisations": 2,
    }
    again = await buyer.get("/v1/me", headers={"If-None-Match": me.headers["etag"]})
    assert (again.status, again.text) == (304, "")


async def test_each_change_of_reach_is_told_with_the_whole_list(
    portal: Portal, database: Database, told: ToldIn
) -> None:
    one, other, third = sorted(uuid4() for _ in range(3))
    buyer = await portal.buyer()

    first = await portal.reach(buyer, other, one)
    await portal.reach(buyer, one, other, one)  # the same again
    await portal.reach(buyer, third)
    await portal.reach(buyer)

    assert first.json()["organisation_ids"] == [str(one), str(other)]
    reaches = [body for subject, body in await shipped(told, database) if subject == REACH]
    assert [(reach["version"], reach["organisation_ids"]) for reach in reaches] == [
        (1, [str(one), str(other)]),
        (2, [str(third)]),
        (3, []),
    ]
    shown = await portal.operator.get(f"/v1/admin/buyers/{buyer.buyer_id}/reach")
    assert shown.json()["organisation_ids"] == []
    assert shown.headers["etag"] == '"3"'


async def test_the_largest_reach_travels(portal: Portal, database: Database, told: ToldIn) -> None:
    buyer = await portal.buyer()

    await portal.reach(buyer, *(uuid4() for _ in range(LARGEST_REACH)))

    [reach] = [body for subject, body in await shipped(told, database) if subject == REACH]
    assert len(reach["organisation_ids"]) == LARGEST_REACH


async def test_reach_is_not_overwritten_unseen(portal: Portal) -> None:
    buyer = await portal.buyer()
    path = f"/v1/admin/buyers/{buyer.buyer_id}/reach"
    wanted = {"organisation_ids": [str(uuid4())]}

    missing = await portal.operator.ask("PUT", path, json=wanted)
    mine = await portal.operator.ask("PUT", path, json=wanted, headers={"If-Match": '"0"'})
    theirs = await portal.operator.ask("PUT", path, json=wanted, headers={"If-Match": '"0"'})

    assert (missing.status, missing.json()["code"]) == (428, "if_match_missing")
    assert (mine.status, mine.headers["etag"]) == (200, '"1"')
    assert (theirs.status, theirs.json()["code"]) == (412, "changed_since")


async def test_changes_at_the_same_moment_are_told_as_versions(
    portal: Portal, database: Database, told: ToldIn
) -> None:
    buyer = await portal.buyer()

    await asyncio.gather(*(portal.reach(buyer, uuid4()) for _ in range(8)))

    reaches = [body for subject, body in await shipped(told, database) if subject == REACH]
    assert [reach["version"] for reach in reaches] == list(range(1, 9))


async def test_a_changed_buyer_is_told_and_an_unchanged_one_is_not(
    portal: Portal, database: Database, told: ToldIn
) -> None:
    buyer = await portal.buyer()
    path = f"/v1/admin/buyers/{buyer.buyer_id}"

    async def change(**wanted: Any) -> Any:
        seen = (await portal.operator.get(path)).headers["etag"]
        return await portal.operator.ask("PATCH", path, json=wanted, headers={"If-Match": seen})

    signed = await change(undertaking_signed=True)
    await change(undertaking_signed=True, name=None)
    stale = await portal.operator.ask(
        "PATCH", path, json={"name": "Other"}, headers={"If-Match": '"1"'}
    )

    assert (signed.status, signed.json()["version"], signed.headers["etag"]) == (200, 2, '"2"')
    assert stale.status == 412
    told_of = [body for subject, body in await shipped(told, database) if subject == CHANGED]
    assert [(one["version"], one["undertaking_signed"]) for one in told_of] == [
        (1, False),
        (2, True),
    ]


async def test_a_second_key_works_and_a_disabled_one_is_refused_within_five_seconds(
    portal: Portal, database: Database, told: ToldIn
) -> None:
    buyer = await portal.buyer()
    keys = f"/v1/admin/buyers/{buyer.buyer_id}/keys"
    second = await portal.operator.ask("POST", keys)
    other = {"Authorization": f"Bearer {second.json()['key']}"}
    assert (await buyer.get("/v1/me")).status == 200
    assert (await buyer.get("/v1/me", headers=other)).status == 200

    disabled = await portal.operator.ask("DELETE", f"{keys}/{buyer.key_id}")
    again = await portal.operator.ask("DELETE", f"{keys}/{buyer.key_id}")

    async def refused() -> bool:
        return (await buyer.get("/v1/me")).status == 401

    await eventually(refused, within=5)
    assert (disabled.status, again.status) == (204, 204)
    assert (await buyer.get("/v1/me", headers=other)).status == 200
    first = [
        body
        for subject, body in await shipped(told, database)
        if subject == KEY and body["key_id"] == str(buyer.key_id)
    ]
    assert [(key["version"], key["valid_until"] is None) for key in first] == [
        (1, True),
        (2, False),
    ]


async def test_an_inactive_buyer_is_refused_within_five_seconds(portal: Portal) -> None:
    buyer = await portal.buyer()
    assert (await buyer.get("/v1/me")).status == 200

    await portal.operator.ask(
        "PATCH",
        f"/v1/admin/buyers/{buyer.buyer_id}",
        json={"active": False},
        headers={"If-Match": "*"},
    )

    async def refused() -> bool:
        return (await buyer.get("/v1/me")).status == 401

    await eventually(refused, within=5)


async def test_a_buyer_has_only_so_many_keys(portal: Portal) -> None:
    buyer = await portal.buyer()
    keys = f"/v1/admin/buyers/{buyer.buyer_id}/keys"

    answers = [await portal.operator.ask("POST", keys) for _ in range(MOST_KEYS)]

    assert [answer.status for answer in answers] == [201] * (MOST_KEYS - 1) + [409]
    assert answers[-1].json()["code"] == "too_many_keys"


async def test_buyers_are_listed_completely_while_others_register(portal: Portal) -> None:
    buyers = [str((await portal.buyer(name=f"Town {at}")).buyer_id) for at in range(7)]

    found: list[str] = []
    params: dict[str, Any] = {"limit": 3}
    while True:
        answer = await portal.operator.get("/v1/admin/buyers", **params)
        found += [one["buyer_id"] for one in answer.json()["data"]]
        if answer.json()["next_cursor"] is None:
            break
        params["after"] = answer.json()["next_cursor"]
        if len(found) == 3:
            buyers.append(str((await portal.buyer(name="Late Town")).buyer_id))

    assert found == buyers


async def test_a_buyer_that_is_not_there_is_not_found(portal: Portal) -> None:
    for method, path in (
        ("GET", "/v1/admin/buyers/{}"),
        ("GET", "/v1/admin/buyers/{}/keys"),
        ("GET", "/v1/admin/buyers/{}/reach"),
        ("POST", "/v1/admin/buyers/{}/keys"),
        ("DELETE", "/v1/admin/buyers/{}/keys/{}"),
        ("PUT", "/v1/admin/buyers/{}/reach"),
        ("PATCH", "/v1/admin/buyers/{}"),
    ):
        answer = await portal.operator.ask(
            method,
            path.format(uuid4(), uuid4()),
            json={"organisation_ids": []},
            headers={"If-Match": "*"},
        )

        assert (answer.status, answer.json()["code"]) == (404, "not_found"), (method, path)


async def test_a_key_of_another_buyer_is_not_disabled(portal: Portal) -> None:
    one, other = await portal.buyer(), await portal.buyer()

    answer = await portal.operator.ask(
        "DELETE", f"/v1/admin/buyers/{one.buyer_id}/keys/{other.key_id}"
    )

    assert answer.status == 404
    assert (await other.get("/v1/me")).status == 200
