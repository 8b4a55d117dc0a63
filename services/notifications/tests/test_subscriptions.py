"""What a subscription can ask for, and how it is changed and paused."""

from typing import Any
from uuid import uuid4

import pytest
from builders import a_facility, an_alert, an_organisation, an_unverified_alert
from receiver import Receiver
from scene import Buyer, Scene

from tocsin_common.testing.http import Client
from tocsin_contracts.alerts import Alert, Level

MAKER = an_organisation(None, "operator", "supplier")
BRAND = an_organisation(None, "brand")
PLANT = a_facility()
ELSEWHERE = a_facility()


def a_told_alert(**changes: Any) -> Alert:
    return an_alert(**({"organisations": (MAKER, BRAND), "facility": PLANT} | changes))


async def heard_by_each(
    scene: Scene, receiver: Receiver, buyer: Buyer, wishes: dict[str, Any], *alerts: Alert
) -> set[str]:
    """Which of these subscriptions, each with an endpoint of its own, hear of the alerts."""
    for name, conditions in wishes.items():
        endpoint = await scene.endpoint(buyer, receiver.url(f"/{name}"))
        await scene.subscription(buyer, endpoint_ids=[endpoint["endpoint_id"]], **conditions)
    await scene.release(*alerts)
    await scene.delivered(await scene.planned())
    return {hit.path[1:] for hit in receiver.hits}


async def test_a_role_must_be_that_of_an_organisation_which_is_meant(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer = await scene.buyer(reach=[BRAND.organisation_id])
    maker, brand = str(MAKER.organisation_id), str(BRAND.organisation_id)
    wishes = {
        "reached-brand": {"roles": ["brand"]},
        "reached-supplier": {"roles": ["supplier"]},  # the supplier is not in reach
        "maker-as-supplier": {"organisation_ids": [maker], "roles": ["supplier", "reseller"]},
        "maker-as-brand": {"organisation_ids": [maker], "roles": ["brand"]},
        "brand-as-brand": {"organisation_ids": [brand], "roles": ["brand"]},
        "any-role": {"organisation_ids": [maker]},
    }

    heard = await heard_by_each(scene, receiver, buyer, wishes, a_told_alert())

    assert heard == {"reached-brand", "maker-as-supplier", "brand-as-brand", "any-role"}


async def test_a_facility_is_met_at_confirmed_levels_only(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    """Also when a statement names one that its level does not show (protection L4)."""
    buyer = await scene.buyer(reach=[BRAND.organisation_id])
    wishes = {
        "there": {"facility_ids": [str(PLANT.facility_id), str(uuid4())]},
        "elsewhere": {"facility_ids": [str(ELSEWHERE.facility_id)]},
        "there-but-not-about-that": {
            "facility_ids": [str(PLANT.facility_id)],
            "issue_groups": ["hours"],
        },
    }
    leaking = an_unverified_alert(organisations=(BRAND,), facility=PLANT)

    assert await heard_by_each(scene, receiver, buyer, wishes, leaking) == set()
    await scene.release(a_told_alert())
    await scene.delivered(await scene.planned())

    assert {hit.path for hit in receiver.hits} == {"/there"}


async def test_a_contract_is_met_by_what_it_reaches_now(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    laptops, servers = uuid4(), uuid4()
    maker, brand = MAKER.organisation_id, BRAND.organisation_id
    buyer = await scene.buyer()
    reach = {laptops: [brand], servers: [uuid4()]}
    await scene.reach(buyer.id, [brand, maker], 2, reach)
    await scene.quiet()
    wishes = {
        "laptops": {"contract_ids": [str(laptops)]},
        "servers": {"contract_ids": [str(servers)]},
        "laptops-by-maker": {"contract_ids": [str(laptops)], "organisation_ids": [str(maker)]},
        "laptops-as-brand": {"contract_ids": [str(laptops)], "roles": ["brand"]},
        "laptops-as-supplier": {"contract_ids": [str(laptops)], "roles": ["supplier"]},
    }
    first = await heard_by_each(scene, receiver, buyer, wishes, a_told_alert())

    receiver.hits.clear()
    await scene.reach(buyer.id, [brand, maker], 3, {servers: [maker]})
    await scene.quiet()
    await scene.release(a_told_alert())
    await scene.delivered(await scene.planned())

    assert first == {"laptops", "laptops-as-brand"}
    assert {hit.path for hit in receiver.hits} == {"/servers"}


async def test_severity_and_level_are_at_least_what_is_asked(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer = await scene.buyer(reach=[BRAND.organisation_id])
    wishes = {
        "three": {"severity_at_least": 3},
        "four": {"severity_at_least": 4},
        "unverified": {"level_at_least": "buyers_unverified"},
        "confirmed": {"level_at_least": "buyers_confirmed"},
        "public": {"level_at_least": "public"},
    }
    unverified = an_unverified_alert(organisations=(BRAND,), severity=4)
    public = a_told_alert(level=Level.PUBLIC, severity=2)

    assert await heard_by_each(scene, receiver, buyer, wishes, unverified) == {
        "three",
        "four",
        "unverified",
    }
    receiver.hits.clear()
    await scene.release(public)
    await scene.delivered(await scene.planned())
    assert {hit.path for hit in receiver.hits} == {"/unverified", "/confirmed", "/public"}


async def test_a_contract_of_another_buyer_is_unknown(notifications: Client, scene: Scene) -> None:
    theirs = uuid4()
    other, buyer = await scene.buyer(), await scene.buyer()
    await scene.reach(other.id, [uuid4()], 2, {theirs: [uuid4()]})
    await scene.quiet()

    refused = await scene.post(
        "/v1/subscriptions", buyer, {"contract_ids": [str(theirs)]}, expect=422
    )

    assert refused["code"] == "unknown_contract"


async def test_a_change_needs_the_state_it_changes_and_takes_effect(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, _ = await scene.listener(
        receiver.url(), reach=[BRAND.organisation_id], countries=["TH"], name="Laptops"
    )
    [made] = (await scene.get("/v1/subscriptions", buyer))["data"]
    path = f"/v1/subscriptions/{made['subscription_id']}"
    change = {"countries": ["VN"], "severity_at_least": 2}

    missing, _ = await scene.ask("PATCH", path, buyer, change)
    guessed, _ = await scene.ask("PATCH", path, buyer, {"paused": 0}, If_Match="*")
    done, changed = await scene.ask("PATCH", path, buyer, change, If_Match='"1"')
    stale, _ = await scene.ask("PATCH", path, buyer, change, If_Match='"1"')
    same, unchanged = await scene.ask("PATCH", path, buyer, change, If_Match='"2"')
    foreign, _ = await scene.ask("PATCH", path, await scene.buyer(), change, If_Match="*")
    await scene.release(a_told_alert())
    await scene.delivered(1)

    assert (missing, guessed, done, stale, same, foreign) == (428, 422, 200, 412, 200, 404)
    assert (changed["name"], changed["countries"], changed["version"]) == ("Laptops", ["VN"], 2)
    assert unchanged["version"] == 2


async def test_a_paused_subscription_begins_nothing_and_goes_on_with_what_it_told(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, _ = await scene.listener(receiver.url(), reach=[BRAND.organisation_id])
    [made] = (await scene.get("/v1/subscriptions", buyer))["data"]
    path = f"/v1/subscriptions/{made['subscription_id']}"
    known = a_told_alert()
    await scene.release(known)
    await scene.delivered(1)

    _, paused = await scene.ask("PATCH", path, buyer, {"paused": True}, If_Match="*")
    fresh = a_told_alert()
    await scene.release(fresh, known.model_copy(update={"version": 2}))
    await scene.quiet()
    await scene.delivered(2)
    _, resumed = await scene.ask("PATCH", path, buyer, {"paused": False}, If_Match="*")
    await scene.release(fresh.model_copy(update={"version": 2}))
    await scene.delivered(3)

    assert (paused["paused"], resumed["paused"]) == (True, False)
    assert paused["paused_at"]
    told = [(hit.told["data"]["alert_id"], hit.version) for hit in receiver.hits]
    assert told == [
        (str(known.alert_id), 1),
        (str(known.alert_id), 2),
        (str(fresh.alert_id), 2),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"roles": ["owner"]},
        {"severity_at_least": 6},
        {"level_at_least": "internal?"},
        {"mail": {"digest": "hourly"}},
        {"mail": {"quiet_from": "22:00"}},
        {"mail": {"digest": "daily", "quiet_from": "22:00", "quiet_to": "06:00"}},
        {"endpoint_ids": []},
    ],
)
async def test_a_wish_that_means_nothing_is_refused(
    notifications: Client, scene: Scene, wrong: dict[str, Any]
) -> None:
    refused = await scene.post("/v1/subscriptions", await scene.buyer(), wrong, expect=422)

    assert refused["code"] == "invalid"
