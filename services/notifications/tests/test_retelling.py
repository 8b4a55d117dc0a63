"""What became of deliveries is told again as it stands; what has not ended is not."""

from typing import Any

from builders import an_alert
from conftest import Serve
from mailbox_server import Mailbox
from receiver import Receiver
from scene import Scene
from test_delivery import MAKER, REACH
from test_digests import DAILY, a_patient_reader, a_told_alert, delivered, ripen, shipped

from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_common.testing.telling_again import standing, tell_again
from tocsin_notifications.settings import Settings

A_MOMENT_OFF = ("occurred_at",)
"""When a delivery came to its end, as the database has it."""


async def again(
    scene: Scene, client: Client, settings: Settings, told: Any
) -> tuple[list[Any], list[Any]]:
    """What was told so far, and what is told again."""
    await eventually(lambda: shipped(scene))
    first = await told("DELIVERIES")
    operator = {"Authorization": f"Bearer {settings.admin_key.get_secret_value()}"}
    await tell_again(client, operator)
    await eventually(lambda: shipped(scene))
    return first, (await told("DELIVERIES"))[len(first) :]


async def test_what_became_of_webhooks_is_told_again_and_what_waits_is_not(
    serve: Serve, scene: Scene, receiver: Receiver, settings: Settings, told: Any
) -> None:
    receiver.answer_with("/fails", *[503] * 10)
    async with serve(retry_scale=1e-6) as scene.client:
        buyer, _ = await scene.listener(receiver.url(), reach=REACH)
        await scene.release(an_alert(organisations=(MAKER,)))
        await scene.delivered(1)
        await scene.endpoint(buyer, receiver.url("/fails"))
        await scene.release(an_alert(organisations=(MAKER,)))
        await eventually(lambda: scene.deliveries(buyer, state="failed"))
        await scene.delivered(2)
        receiver.answer_with("/gone", 410)
        await scene.endpoint(buyer, receiver.url("/gone"))
        await scene.release(an_alert(organisations=(MAKER,)))
        await eventually(lambda: scene.count("select count(*) from endpoint where version > 0"))
        await scene.delivered(4)

        first, anew = await again(scene, scene.client, settings, told)

    assert standing(anew, A_MOMENT_OFF) == standing(first, A_MOMENT_OFF)
    assert len(anew) == len(first) == 6
    assert {one.subject.split(".")[2] for one in anew} == {
        "succeeded", "failed", "endpoint_disabled",
    }  # fmt: skip


async def test_what_became_of_a_digest_is_told_again_of_each_alert_in_it(
    mailing: Client, scene: Scene, mailbox: Mailbox, settings: Settings, told: Any
) -> None:
    await a_patient_reader(scene, mailbox, DAILY)
    await scene.release(a_told_alert(), a_told_alert(issue_group="hours"))
    await scene.quiet()
    await ripen(scene)
    await mailbox.got(1)
    await eventually(lambda: delivered(scene))

    first, anew = await again(scene, mailing, settings, told)

    assert standing(anew, A_MOMENT_OFF) == standing(first, A_MOMENT_OFF)
    assert len(anew) == len(first) == 2
