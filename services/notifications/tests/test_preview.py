"""What a subscription would have told, before it is made."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from builders import a_facility, an_alert, an_organisation, an_unverified_alert
from receiver import Receiver
from scene import Buyer, Scene

from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_contracts.alerts import Alert, AlertState, Level

MAKER = an_organisation(None, "operator", "supplier")
BRAND = an_organisation(None, "brand")
PLANT = a_facility()
NOW = datetime.now(UTC).replace(microsecond=0)


def a_told_alert(**changes: Any) -> Alert:
    return an_alert(**({"organisations": (MAKER, BRAND), "facility": PLANT, "slot": NOW} | changes))


async def preview(scene: Scene, buyer: Buyer, **conditions: Any) -> set[tuple[str, int]]:
    found = await scene.post("/v1/subscriptions/preview", buyer, conditions)
    return {(one["alert_id"], one["version"]) for one in found["data"]}


async def test_a_preview_shows_exactly_what_the_subscription_then_tells(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    """The same alerts, told before it was made and after."""
    contract = uuid4()
    buyer = await scene.buyer(reach=[BRAND.organisation_id])
    await scene.reach(buyer.id, [BRAND.organisation_id], 2, {contract: [BRAND.organisation_id]})
    await scene.quiet()
    wishes: list[dict[str, Any]] = [
        {},
        {"countries": ["TH"]},
        {"countries": ["VN", "TH"], "issue_groups": ["wages"]},
        {"severity_at_least": 4},
        {"level_at_least": "buyers_confirmed"},
        {"facility_ids": [str(PLANT.facility_id)]},
        {"contract_ids": [str(contract)], "roles": ["brand"]},
        {"contract_ids": [str(contract)], "roles": ["operator"]},
        {"organisation_ids": [str(MAKER.organisation_id)], "roles": ["supplier"]},
        {"roles": ["supplier"]},
    ]
    alerts = [
        a_told_alert(),
        a_told_alert(severity=5, country="TH"),
        a_told_alert(organisations=(MAKER,)),
        a_told_alert(issue_group="hours", level=Level.PUBLIC),
        an_unverified_alert(organisations=(BRAND,), facility=PLANT, slot=NOW),
    ]
    await scene.release(*alerts)
    await scene.quiet()
    seen = [await preview(scene, buyer, **wish) for wish in wishes]
    for number, wish in enumerate(wishes):
        endpoint = await scene.endpoint(buyer, receiver.url(f"/{number}"))
        await scene.subscription(buyer, endpoint_ids=[endpoint["endpoint_id"]], **wish)

    twins = {str(one.alert_id): one.model_copy(update={"alert_id": uuid4()}) for one in alerts}
    await scene.release(*twins.values())
    await scene.delivered(await scene.planned())

    for number, shown in enumerate(seen):
        told = {hit.told["data"]["alert_id"] for hit in receiver.at(f"/{number}")}
        assert told == {str(twins[alert_id].alert_id) for alert_id, _ in shown}, wishes[number]
    assert len({frozenset(shown) for shown in seen}) >= 5


async def test_an_alert_is_shown_from_where_it_would_have_begun_to_be_told(
    notifications: Client, scene: Scene
) -> None:
    buyer = await scene.buyer(reach=[BRAND.organisation_id])
    alert = a_told_alert(severity=2)
    worse = {"version": 2, "severity": 4}
    ended = {"version": 3, "state": AlertState.ENDED, "severity": 2}
    old = a_told_alert(slot=NOW - timedelta(days=91))
    await scene.release(alert, old)
    await scene.quiet()
    for changes in (worse, ended):
        await scene.release(alert.model_copy(update=changes))
        await scene.quiet()

    assert await preview(scene, buyer, severity_at_least=4) == {
        (str(alert.alert_id), 2),
        (str(alert.alert_id), 3),
    }
    assert await preview(scene, buyer) == {(str(alert.alert_id), one) for one in (1, 2, 3)}


@pytest.mark.parametrize("signed", [True, False])
async def test_an_unverified_alert_is_shown_as_its_id_to_who_signed_and_that_is_noted(
    notifications: Client, scene: Scene, signed: bool
) -> None:
    buyer = await scene.buyer(reach=[BRAND.organisation_id], undertaking=signed)
    alert = an_unverified_alert(organisations=(BRAND,), slot=NOW)
    await scene.release(alert)
    await scene.quiet()

    found = await scene.post("/v1/subscriptions/preview", buyer, {})
    await scene.post("/v1/subscriptions/preview", buyer, {"countries": ["VN"]})

    views = await scene.count("select count(*) from preview_view")
    if not signed:
        assert (found["data"], found["alerts"], views) == ([], 0, 0)
        return
    [shown] = found["data"]
    assert set(shown) == {"alert_id", "version", "type", "level", "slot", "link"}
    assert shown["link"] == f"https://portal.example/v1/alerts/{alert.alert_id}"
    assert views == 1


async def test_buyers_who_differ_only_in_facility_preview_the_same(
    notifications: Client, scene: Scene
) -> None:
    hidden = an_organisation()
    near = await scene.buyer(reach=[BRAND.organisation_id, hidden.organisation_id])
    far = await scene.buyer(reach=[BRAND.organisation_id])
    alert = an_unverified_alert(organisations=(BRAND,), facility=PLANT, slot=NOW)
    await scene.release(alert)
    await scene.quiet()
    await eventually(lambda: preview(scene, near))
    wishes: list[dict[str, Any]] = [{}, {"facility_ids": [str(PLANT.facility_id)]}]

    for wish in wishes:
        assert await preview(scene, near, **wish) == await preview(scene, far, **wish)
    assert await preview(scene, near, facility_ids=[str(PLANT.facility_id)]) == set()


async def test_a_preview_stores_nothing(notifications: Client, scene: Scene) -> None:
    buyer = await scene.buyer(reach=[BRAND.organisation_id])

    await scene.post("/v1/subscriptions/preview", buyer, {"countries": ["VN"]})
    refused = await scene.post(
        "/v1/subscriptions/preview", buyer, {"issue_groups": ["weather"]}, expect=422
    )

    assert refused["code"] == "unknown_issue_group"
    assert (await scene.get("/v1/subscriptions", buyer))["data"] == []
