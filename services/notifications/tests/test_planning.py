"""Who is told of an alert, and who is not."""

from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from builders import a_facility, an_alert, an_organisation, an_unverified_alert
from receiver import Receiver
from scene import Scene

from tocsin_common.testing.http import Client
from tocsin_contracts.alerts import Alert, AlertState, Level
from tocsin_contracts.events.alerts import AlertRaised, AlertUpdated

MAKER, BRAND, OTHER = an_organisation(), an_organisation(), an_organisation()
WHO: dict[str, list[UUID]] = {
    "any": [],
    "the brand or another": [BRAND.organisation_id, OTHER.organisation_id],
    "another": [OTHER.organisation_id],
}
WHERE = {"any": [], "here or there": ["TH", "VN"], "there": ["TH"]}
WHAT = {"any": [], "this or that": ["hours", "wages"], "that": ["hours"]}
MISSES = {"another", "there", "that"}


def a_told_alert(**changes: Any) -> Alert:
    return an_alert(**({"organisations": (MAKER, BRAND)} | changes))


async def test_every_kind_of_condition_must_be_met_and_of_each_kind_one(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer = await scene.buyer(reach=[BRAND.organisation_id])
    for number, (who, where, what) in enumerate(product(WHO, WHERE, WHAT)):
        endpoint = await scene.endpoint(buyer, receiver.url(f"/{number}"))
        await scene.subscription(
            buyer,
            organisation_ids=[str(one) for one in WHO[who]],
            countries=WHERE[where],
            issue_groups=WHAT[what],
            endpoint_ids=[endpoint["endpoint_id"]],
        )

    await scene.release(a_told_alert())
    await scene.delivered(8)

    met = [
        f"/{number}"
        for number, conditions in enumerate(product(WHO, WHERE, WHAT))
        if not MISSES & set(conditions)
    ]
    assert sorted(hit.path for hit in receiver.hits) == sorted(met)


async def test_an_endpoint_that_several_subscriptions_name_is_told_once(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, _ = await scene.listener(receiver.url(), reach=[MAKER.organisation_id])
    await scene.subscription(buyer, countries=["VN"])
    await scene.subscription(buyer, organisation_ids=[str(MAKER.organisation_id)])

    await scene.release(a_told_alert())
    await scene.delivered(1)

    assert len(await scene.deliveries(buyer)) == 1


async def test_a_buyer_hears_only_of_organisations_that_its_contracts_reach(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    await scene.listener(receiver.url("/in"), reach=[uuid4(), BRAND.organisation_id])
    await scene.listener(
        receiver.url("/out"),
        reach=[OTHER.organisation_id],
        organisation_ids=[str(BRAND.organisation_id)],
    )
    await scene.listener(receiver.url("/none"), reach=[])

    await scene.release(a_told_alert())
    await scene.delivered(1)

    assert [hit.path for hit in receiver.hits] == ["/in"]


async def test_reach_is_what_was_told_last(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    gained, _ = await scene.listener(receiver.url("/gained"), reach=[OTHER.organisation_id])
    lost, _ = await scene.listener(receiver.url("/lost"), reach=[BRAND.organisation_id])
    await scene.reach(gained.id, [BRAND.organisation_id], version=3)
    await scene.reach(gained.id, [], version=2)  # an older state, late
    await scene.reach(lost.id, [OTHER.organisation_id], version=2)
    await scene.quiet()

    await scene.release(a_told_alert())
    await scene.delivered(1)

    assert [hit.path for hit in receiver.hits] == ["/gained"]


async def test_unverified_alerts_go_only_to_buyers_who_signed_the_undertaking(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    reach = [BRAND.organisation_id]
    await scene.listener(receiver.url("/signed"), reach=reach)
    await scene.listener(receiver.url("/not"), reach=reach, undertaking=False)

    unverified = an_unverified_alert(organisations=(BRAND,))
    await scene.release(unverified)
    await scene.delivered(1)
    confirmed = unverified.model_copy(update={"version": 2, "level": Level.BUYERS_CONFIRMED})
    await scene.release(confirmed)
    await scene.delivered(3)

    assert [(hit.version) for hit in receiver.at("/signed")] == [1, 2]
    assert [(hit.version) for hit in receiver.at("/not")] == [2]


async def test_buyers_who_differ_only_in_facility_get_the_same_of_an_unverified_alert(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    """The maker of the facility is not named, so reaching it makes no difference (L4)."""
    hidden = an_organisation()
    await scene.listener(
        receiver.url("/near"), reach=[BRAND.organisation_id, hidden.organisation_id]
    )
    await scene.listener(receiver.url("/far"), reach=[BRAND.organisation_id])
    await scene.listener(receiver.url("/only"), reach=[hidden.organisation_id])
    alert = an_unverified_alert(organisations=(BRAND,))
    leaking = an_unverified_alert(
        organisations=(BRAND,), facility=a_facility(), issues=("wages.unpaid",)
    )

    await scene.release(alert, leaking)
    await scene.delivered(4)

    near, far = (sorted(hit.body for hit in receiver.at(path)) for path in ("/near", "/far"))
    assert near == far
    assert not receiver.at("/only")
    [first, second] = (hit.told for hit in receiver.at("/near"))
    assert first["data"].keys() == second["data"].keys() == {"alert_id", "version", "level", "link"}


@pytest.mark.parametrize(
    ("state", "who_hears"),
    [
        (AlertState.ACTIVE, {"/stays", "/unsubscribed", "/out_of_reach", "/new"}),
        (
            AlertState.CORRECTED,
            {"/stays", "/unsubscribed", "/out_of_reach", "/new", "/unsigned", "/left"},
        ),
        (AlertState.ENDED, {"/stays", "/unsubscribed", "/out_of_reach", "/unsigned", "/left"}),
    ],
)
async def test_whoever_was_told_hears_how_it_goes_on(
    notifications: Client,
    scene: Scene,
    receiver: Receiver,
    state: AlertState,
    who_hears: set[str],
) -> None:
    reach = [BRAND.organisation_id]
    names = ("stays", "unsubscribed", "out_of_reach", "unsigned", "left")
    buyers = {
        name: (await scene.listener(receiver.url(f"/{name}"), reach=reach))[0] for name in names
    }
    alert = an_unverified_alert(organisations=(BRAND,))
    await scene.release(alert)
    await scene.delivered(5)

    [subscription] = (await scene.get("/v1/subscriptions", buyers["unsubscribed"]))["data"]
    async with notifications.http.delete(
        f"/v1/subscriptions/{subscription['subscription_id']}", headers=buyers["unsubscribed"].key
    ) as answer:
        assert answer.status == 204
    await scene.reach(buyers["out_of_reach"].id, [], version=2)
    await scene.told_buyer(buyers["unsigned"].id, undertaking=False, version=2)
    await scene.told_buyer(buyers["left"].id, active=False, version=2)
    await scene.listener(receiver.url("/new"), reach=reach)
    receiver.hits.clear()
    await scene.release(alert.model_copy(update={"version": 2, "state": state}))
    await scene.delivered(5 + len(who_hears))

    assert {hit.path for hit in receiver.hits} == who_hears


@pytest.mark.parametrize("state", [AlertState.ACTIVE, AlertState.CORRECTED, AlertState.ENDED])
async def test_a_buyer_that_replaced_its_endpoint_hears_how_it_goes_on(
    notifications: Client, scene: Scene, receiver: Receiver, state: AlertState
) -> None:
    """Whoever was told is the buyer, and what it subscribes to now does not matter."""
    buyer, _ = await scene.listener(receiver.url("/old"), reach=[MAKER.organisation_id])
    alert = a_told_alert()
    await scene.release(alert)
    await scene.delivered(1)
    [old] = (await scene.get("/v1/endpoints", buyer))["data"]
    [wish] = (await scene.get("/v1/subscriptions", buyer))["data"]
    await scene.ask("DELETE", f"/v1/endpoints/{old['endpoint_id']}", buyer)
    await scene.ask("DELETE", f"/v1/subscriptions/{wish['subscription_id']}", buyer)
    await scene.endpoint(buyer, receiver.url("/new"))
    await scene.endpoint(await scene.buyer(), receiver.url("/somebody-else"))

    await scene.release(alert.model_copy(update={"version": 2, "state": state}))
    await scene.delivered(2)

    assert [(hit.path, hit.version) for hit in receiver.hits] == [("/old", 1), ("/new", 2)]
    [asked] = (await scene.get("/v1/acknowledgements", buyer))["data"]
    assert (asked["alert_id"], asked["version"]) == (str(alert.alert_id), 2)


async def test_repeats_old_states_and_reorderings_change_nothing(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, _ = await scene.listener(receiver.url(), reach=[MAKER.organisation_id])
    third = a_told_alert(version=3)
    await scene.release(third)
    await scene.delivered(1)

    for version in (1, 2, 3, 3, 1):
        await scene.release(third.model_copy(update={"version": version}))
    await scene.quiet()

    [delivery] = await scene.deliveries(buyer)
    assert delivery["alert_version"] == 3
    assert len(receiver.hits) == 1


async def test_an_alert_that_cases_did_not_sign_is_parked_and_told_to_nobody(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, _ = await scene.listener(receiver.url(), reach=[MAKER.organisation_id])
    alert = a_told_alert()
    genuine = scene.signed(alert)
    changed = genuine.statement.replace('"VN"', '"CN"')
    forgeries = [
        scene.signed(alert, statement=changed),
        scene.signed(alert, key_id="nobody"),
        scene.signed(alert, signature=b"\x00" * 64),
        scene.signed(alert, version=2),  # signed, but as version 1
        scene.signed(alert, alert_id=uuid4()),  # signed, but about another alert
    ]

    for forgery in forgeries:
        await scene.tell(forgery)
    await scene.release(a_told_alert())
    await scene.delivered(1)
    await scene.quiet()

    assert len(await scene.deliveries(buyer)) == 1
    assert await scene.count("select count(*) from parked where retry_at is null") == 5
    assert await scene.count("select min(reason) from parked") >= "ForgedStatement"
    assert await scene.count("select count(*) from heard where kind = 'alert'") == 1


async def test_a_genuine_alert_is_heard_after_its_forgery(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    await scene.listener(receiver.url(), reach=[MAKER.organisation_id])
    alert = a_told_alert()

    await scene.tell(scene.signed(alert, AlertUpdated, version=9))
    await scene.tell(scene.signed(alert, AlertRaised))
    await scene.delivered(1)

    assert [hit.version for hit in receiver.hits] == [1]


async def test_an_internal_alert_is_nobodys(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, _ = await scene.listener(receiver.url(), reach=[MAKER.organisation_id])

    await scene.release(a_told_alert(level=Level.INTERNAL))
    await scene.quiet()

    assert await scene.deliveries(buyer) == []
    assert (await scene.count("select reason from parked")).startswith("NotForBuyers")
