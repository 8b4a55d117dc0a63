"""Attempts go when they are old; who was told of what stays."""

from builders import an_alert, an_organisation
from receiver import Receiver
from scene import Scene

from tocsin_common.testing.http import Client
from tocsin_notifications.deliveries.retention import BATCH, Retention

MAKER = an_organisation()
AGE = "update {} set {} = now() - interval '31 days'"
MANY = (
    "insert into attempt (delivery_id, number, endpoint_id, started_at, milliseconds)"
    " select id, number, endpoint_id, now() - interval '31 days', 1"
    " from delivery, generate_series(100, 100 + {}) as number where purpose = 'alert'"
)


async def test_old_attempts_are_deleted_and_newer_ones_and_what_was_told_stay(
    notifications: Client, scene: Scene, receiver: Receiver
) -> None:
    buyer, _ = await scene.listener(receiver.url(), reach=[MAKER.organisation_id])
    [endpoint] = (await scene.get("/v1/endpoints", buyer))["data"]
    await scene.release(an_alert(organisations=(MAKER,)))
    await scene.post(f"/v1/endpoints/{endpoint['endpoint_id']}/test", buyer, expect=202)
    await scene.delivered(2)
    await scene.database_change(AGE.format("attempt", "started_at"))
    await scene.database_change(AGE.format("delivery", "settled_at"))
    await scene.database_change(MANY.format(2 * BATCH))
    await scene.release(an_alert(organisations=(MAKER,)))
    await scene.delivered(3)

    deleted = await Retention(scene.database, 30).delete_old()

    assert deleted == 2 * BATCH + 3
    assert await scene.count("select count(*) from attempt") == 1
    assert {one["purpose"] for one in await scene.deliveries(buyer)} == {"alert"}
    assert len(await scene.deliveries(buyer)) == 2
    assert await Retention(scene.database, 30).delete_old() == 0
