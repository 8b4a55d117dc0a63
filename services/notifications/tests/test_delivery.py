"""Deliveries, as a buyer's server sees them."""

from scene import Scene
from builders import an_alert, an_organisation
from receiver import Receiver
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client


async def test_an_alert_arrives_signed_and_is_noted(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    maker = an_organisation()
    buyer, secret = await scene.listener(receiver.url(), reach=[maker.organisation_id])
    alert = an_alert(organisations=(maker,))

    await scene.release(alert)
    await scene.delivered(1)

    [hit] = receiver.hits
    assert hit.verified_with(secret) == {
        "type": "alert.raised",
        "timestamp": "2026-03-03T12:00:00Z",
        "data": {
            "alert_id": str(alert.alert_id),
            "version": 1,
            "level": "buyers_confirmed",
            "link": f"https://portal.example/v1/alerts/{alert.alert_id}",
            "state": "active",
        },
    }
    [delivery] = await scene.deliveries(buyer)
    assert (delivery["delivery_id"], delivery["state"]) == (hit.id, "delivered")
    detail = await scene.get(f"/v1/deliveries/{hit.id}", buyer)
    assert detail["body"].encode() == hit.body
    assert [one["status"] for one in detail["tried"]] == [204]
