"""Changes reach whoever was told, and it is known who has seen them."""

from typing import Any
from uuid import uuid4

from builders import an_alert, an_organisation
from receiver import Receiver
from scene import Buyer, Scene

from tocsin_common.testing.http import Client
from tocsin_contracts.alerts import Alert, AlertState

BRAND = an_organisation()


async def acknowledge(
    scene: Scene, buyer: Buyer, alert: Alert, version: int, *, expect: int = 200
) -> Any:
    path = f"/v1/alerts/{alert.alert_id}/acknowledgement"
    return await scene.post(path, buyer, {"version": version}, expect=expect)


async def waiting_for(scene: Scene) -> list[tuple[str, int]]:
    """Who has not acknowledged what, as the operator sees it."""
    key = {"Authorization": f"Bearer {scene.settings.admin_key.get_secret_value()}"}
    found: list[Any] = []
    after = ""
    while True:
        path = f"/v1/admin/acknowledgements?limit=1{after}"
        async with scene.client.http.get(path, headers=key) as answer:
            assert answer.status == 200, await answer.text()
            page = await answer.json()
        found += page["data"]
        if not page["next_cursor"]:
            return [(one["buyer_id"], one["version"]) for one in found]
        after = f"&after={page['next_cursor']}"


async def test_a_change_is_asked_of_whoever_was_told_and_of_nobody_else(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    alert = an_alert(organisations=(BRAND,))
    told, _ = await scene.listener(receiver.url("/told"), reach=[BRAND.organisation_id])
    silent, _ = await scene.listener(receiver.url("/silent"), reach=[BRAND.organisation_id])
    await scene.release(alert)
    await scene.delivered(2)
    assert await waiting_for(scene) == []

    late, _ = await scene.listener(receiver.url("/late"), reach=[BRAND.organisation_id])
    corrected = alert.model_copy(update={"version": 2, "state": AlertState.CORRECTED})
    await scene.release(corrected)
    await scene.delivered(5)
    first = await waiting_for(scene)
    shown = await acknowledge(scene, told, alert, 2)
    again = await acknowledge(scene, told, alert, 2)

    assert set(first) == {(str(told.id), 2), (str(silent.id), 2)}
    assert shown["type"] == "alert.corrected"
    assert again == shown
    assert await waiting_for(scene) == [(str(silent.id), 2)]
    await acknowledge(scene, late, alert, 2, expect=404)


async def test_a_newer_change_is_to_be_acknowledged_anew(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    alert = an_alert(organisations=(BRAND,))
    buyer, _ = await scene.listener(receiver.url(), reach=[BRAND.organisation_id])
    for version in (1, 2):
        await scene.release(alert.model_copy(update={"version": version}))
        await scene.delivered(version)
    await acknowledge(scene, buyer, alert, 2)

    await scene.release(alert.model_copy(update={"version": 3, "state": AlertState.ENDED}))
    await scene.delivered(3)
    old = await acknowledge(scene, buyer, alert, 2, expect=409)
    early = await acknowledge(scene, buyer, alert, 4, expect=409)
    unread = await scene.get("/v1/acknowledgements?unread=true", buyer)
    await acknowledge(scene, buyer, alert, 3)

    assert (old["code"], early["code"]) == ("changed_again", "not_told_yet")
    assert [(one["version"], one["type"]) for one in unread["data"]] == [(3, "alert.ended")]
    assert (await scene.get("/v1/acknowledgements?unread=true", buyer))["data"] == []
    assert len((await scene.get("/v1/acknowledgements", buyer))["data"]) == 1


async def test_nobody_acknowledges_for_another_or_without_having_been_told(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    stranger = await scene.buyer()

    await acknowledge(scene, stranger, an_alert(alert_id=uuid4()), 1, expect=404)
    async with notifications.http.get("/v1/admin/acknowledgements", headers=stranger.key) as answer:
        assert answer.status == 401
