"""Mails that wait: for the next digest, or for the end of the night."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from builders import an_alert, an_organisation, an_unverified_alert
from conftest import Serve
from mailbox_server import Mailbox
from scene import Buyer, Scene
from sqlalchemy import text
from test_mail import a_reader, press

from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_contracts.alerts import Alert, AlertState
from tocsin_notifications.digests import service

BRAND = an_organisation()
DAILY = {"digest": "daily"}
WITNESS = "witness@city.example"


def a_told_alert(**changes: Any) -> Alert:
    return an_alert(**({"organisations": (BRAND,)} | changes))


async def a_patient_reader(
    scene: Scene, mailbox: Mailbox, mail: dict[str, Any], address: str = "patient@city.example"
) -> tuple[Buyer, str]:
    """A buyer that is told by mail alone, when it says."""
    buyer, where = await a_reader(scene, mailbox, address)
    await scene.reach(buyer.id, [BRAND.organisation_id], version=2)
    await scene.quiet()
    [made] = (await scene.get("/v1/subscriptions", buyer))["data"]
    path = f"/v1/subscriptions/{made['subscription_id']}"
    status, _ = await scene.ask("PATCH", path, buyer, {"mail": mail}, If_Match="*")
    assert status == 200
    return buyer, where


async def ripen(scene: Scene) -> None:
    """Let the moment come that mails wait for."""
    await scene.database_change(
        "update delivery set due_at = now() where state in ('collected', 'waiting')"
    )


async def states(scene: Scene, buyer: Buyer) -> dict[tuple[str, int], str]:
    return {
        (one["alert_id"], one["alert_version"]): one["state"]
        for one in await scene.deliveries(buyer)
        if one["purpose"] == "alert"
    }


def quiet_now() -> dict[str, str]:
    """Quiet hours that have begun and go on for a while."""
    now = datetime.now(UTC)
    start, end = now - timedelta(hours=1), now + timedelta(hours=3)
    return {"quiet_from": f"{start:%H:%M}", "quiet_to": f"{end:%H:%M}"}


async def test_what_is_collected_comes_in_one_mail_and_once(
    mailing: Client, scene: Scene, mailbox: Mailbox, database: Database
) -> None:
    buyer, _ = await a_patient_reader(scene, mailbox, DAILY)
    alerts = [a_told_alert(), a_told_alert(issue_group="hours")]
    await scene.release(*alerts)
    await scene.quiet()
    waiting = await states(scene, buyer)
    due = await scene.count("select min(due_at) from delivery where state = 'collected'")

    await ripen(scene)
    [digest] = await mailbox.got(1)
    await eventually(lambda: delivered(scene))
    async with database.begin() as tx:
        again = await service.gather(tx)

    assert set(waiting.values()) == {"collected"}
    assert (due.hour, due.minute) == (7, 0)
    assert digest.message["Subject"] == "2 alerts"
    for alert in alerts:
        assert str(alert.alert_id) in digest.plain
    assert (again, len(mailbox.mails)) == (0, 1)
    [sent] = [one for one in await scene.deliveries(buyer) if one["purpose"] == "digest"]
    told = [one for one in await scene.deliveries(buyer) if one["purpose"] == "alert"]
    assert {(one["state"], one["digest_id"]) for one in told} == {
        ("in_digest", sent["delivery_id"])
    }


async def delivered(scene: Scene) -> bool:
    query = "select state from delivery where purpose = 'digest'"
    return await scene.count(query) == "delivered"


async def test_what_is_not_verified_stands_in_no_digest(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    """It comes by itself, when the digest does, as an id and a link (protection L6)."""
    buyer, _ = await a_patient_reader(scene, mailbox, DAILY)
    secret = an_unverified_alert(organisations=(BRAND,))
    await scene.release(secret, a_told_alert())
    await scene.quiet()
    waiting = await states(scene, buyer)
    assert mailbox.mails == []

    await ripen(scene)
    mails = await mailbox.got(2)

    assert waiting[str(secret.alert_id), 1] == "waiting"
    by_subject = {mail.message["Subject"]: mail for mail in mails}
    assert set(by_subject) == {"One alert", "A confidential alert"}
    assert str(secret.alert_id) not in by_subject["One alert"].plain
    assert "Crunchy" not in by_subject["A confidential alert"].plain


async def news_of(scene: Scene, told: Any, alerts: list[Alert]) -> set[tuple[str, str, int]]:
    """What the portal hears of deliveries of these alerts: fact, alert, version."""
    await eventually(lambda: shipped(scene))
    ids = {str(one.alert_id) for one in alerts}
    heard = [(one.subject, json.loads(one.data)) for one in await told("DELIVERIES")]
    return {
        (subject.split(".")[2], news["alert_id"], news["version"])
        for subject, news in heard
        if news.get("alert_id") in ids
    }


async def shipped(scene: Scene) -> bool:
    return not await scene.count("select count(*) from outbox")


async def test_what_became_of_a_digest_is_told_of_each_alert_in_it_as_of_any_delivery(
    mailing: Client, scene: Scene, mailbox: Mailbox, told: Any
) -> None:
    address = "patient@city.example"
    buyer, _ = await a_patient_reader(scene, mailbox, DAILY, address)
    alerts, secret = (
        [a_told_alert(), a_told_alert()],
        an_unverified_alert(organisations=(BRAND,)),
    )
    await scene.release(*alerts, secret)
    await scene.quiet()
    mailbox.answer(address, *["550 5.7.1 Not today"] * 2)

    await ripen(scene)
    await eventually(lambda: _gave_up(scene))
    refused = await news_of(scene, told, alerts)
    [digest] = [one for one in await scene.deliveries(buyer) if one["purpose"] == "digest"]
    await scene.post(f"/v1/deliveries/{digest['delivery_id']}/resend", buyer, expect=202)
    await eventually(lambda: delivered(scene))
    taken = await news_of(scene, told, alerts)

    ids = {str(one.alert_id) for one in alerts}
    assert refused == {("failed", one, 1) for one in ids}
    assert taken - refused == {("succeeded", one, 2) for one in ids}
    told_of_secret = await news_of(scene, told, [secret])  # of its own mail, refused as well
    assert told_of_secret == {("failed", str(secret.alert_id), 1)}
    digest_ids = await scene.count("select count(digest_id) from delivery")
    assert digest_ids == len(alerts)


async def _gave_up(scene: Scene) -> bool:
    return await scene.count("select count(*) from delivery where state = 'failed'") == 2


async def test_a_digest_that_was_held_up_says_nothing_older_than_its_reader_knows(
    serve: Serve, scene: Scene, mailbox: Mailbox
) -> None:
    async with serve(**mailbox.settings, retry_scale=1000) as scene.client:
        address = "patient@city.example"
        await a_patient_reader(scene, mailbox, DAILY, address)
        changing, other = a_told_alert(severity=2), a_told_alert(severity=1)
        await scene.release(changing, other)
        await scene.quiet()
        mailbox.answer(address, "450 4.2.1 Not now")
        await scene.database_change("update endpoint set quiet_until = null")
        await ripen(scene)
        await eventually(lambda: scene.count("select count(*) from attempt where status = 450"))

        await scene.release(changing.model_copy(update={"version": 2, "severity": 5}))
        [change] = await mailbox.got(1)
        noted = "select count(*) from delivery where alert_version = 2 and state = 'delivered'"
        await eventually(lambda: scene.count(noted))
        await ripen(scene)
        _, digest = await mailbox.got(2)

    assert "5 of 5" in change.plain
    assert digest.message["Subject"] == "2 alerts"
    assert "5 of 5" in digest.plain
    assert "2 of 5" not in digest.plain


async def a_witness(scene: Scene, mailbox: Mailbox) -> None:
    """Somebody who is told at once: what is claimed for all has been, once it hears."""
    buyer, _ = await a_reader(scene, mailbox, WITNESS)
    await scene.reach(buyer.id, [BRAND.organisation_id], version=2)
    await scene.quiet()


async def heard_of(scene: Scene, mailbox: Mailbox, alert: Alert) -> None:
    await scene.release(alert)
    subject = f"{alert.severity} of 5"
    await eventually(lambda: any(subject in mail.plain for mail in mailbox.to(WITNESS)), 60)


async def test_a_change_waits_for_the_digest_that_is_being_handed_over(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    """Else the older version, in a digest that a slow server takes late, came after the newer."""
    address = "patient@city.example"
    await a_patient_reader(scene, mailbox, DAILY, address)
    await a_witness(scene, mailbox)
    changing = a_told_alert(severity=2)
    await scene.release(changing)
    await scene.quiet()
    taken = mailbox.hold(address)
    before = len(mailbox.handed_over)
    await ripen(scene)
    await eventually(lambda: address in mailbox.handed_over[before:], 60)

    await heard_of(scene, mailbox, changing.model_copy(update={"version": 2, "severity": 5}))
    meanwhile = mailbox.to(address)
    taken.set()
    await eventually(lambda: len(mailbox.to(address)) == 2, 60)

    assert meanwhile == []
    digest, change = mailbox.to(address)
    assert "2 of 5" in digest.plain
    assert "5 of 5" in change.plain


async def test_a_digest_waits_for_the_changes_that_are_being_handed_over(
    serve: Serve, scene: Scene, mailbox: Mailbox
) -> None:
    """It would tell the newest version already, and the one before would come after it."""
    async with serve(**mailbox.settings, retry_scale=1000) as scene.client:
        address = "patient@city.example"
        await a_patient_reader(scene, mailbox, DAILY, address)
        changing = a_told_alert(severity=2)
        await scene.release(changing)
        await scene.quiet()
        mailbox.answer(address, "450 4.2.1 Not now")
        await ripen(scene)
        await eventually(lambda: scene.count("select count(*) from attempt where status = 450"), 60)
        await scene.database_change("update endpoint set quiet_until = null, failing_since = null")
        await a_witness(scene, mailbox)

        taken = mailbox.hold(address)
        before = len(mailbox.handed_over)
        await heard_of(scene, mailbox, changing.model_copy(update={"version": 2, "severity": 4}))
        await eventually(lambda: address in mailbox.handed_over[before:], 60)
        await scene.database_change("update delivery set due_at = now() where purpose = 'digest'")
        await heard_of(scene, mailbox, changing.model_copy(update={"version": 3, "severity": 5}))
        meanwhile = mailbox.to(address)
        taken.set()
        await eventually(lambda: len(mailbox.to(address)) == 3, 60)

    assert meanwhile == []
    told = [max(n for n in (2, 4, 5) if f"{n} of 5" in mail.plain) for mail in mailbox.to(address)]
    assert told == sorted(told)


async def test_what_goes_into_a_digest_while_its_end_is_planned_is_ended_there_too(
    mailing: Client, scene: Scene, mailbox: Mailbox, database: Database
) -> None:
    buyer, _ = await a_patient_reader(scene, mailbox, DAILY)
    told = a_told_alert()
    await scene.release(told)
    await scene.quiet()
    due = "update delivery set due_at = now() where state = 'collected'"
    async with database.begin() as tx:
        await tx.execute(text(due))
        await service.gather(tx)
        await scene.release(told.model_copy(update={"version": 2, "state": AlertState.ENDED}))
        await eventually(lambda: planning_waits(scene), 60)
    await scene.quiet()
    mails = await mailbox.got(2, within=60)

    assert {mail.message["Subject"].split(":")[0] for mail in mails} == {"One alert", "Alert ended"}
    assert list((await states(scene, buyer)).values()).count("in_digest") == 1


async def planning_waits(scene: Scene) -> bool:
    """Whether it waits for somebody else's transaction."""
    query = "select count(*) from pg_locks where not granted and mode = 'ShareLock'"
    return await scene.count(query) > 0


async def test_a_newer_version_replaces_what_was_only_collected_and_an_end_forgets_it(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    buyer, _ = await a_patient_reader(scene, mailbox, DAILY)
    changing, ending = a_told_alert(), a_told_alert()
    await scene.release(changing, ending)
    await scene.quiet()
    await scene.release(
        changing.model_copy(update={"version": 2, "severity": 5}),
        ending.model_copy(update={"version": 2, "state": AlertState.ENDED}),
    )
    await scene.quiet()
    known = await states(scene, buyer)

    await ripen(scene)
    [digest] = await mailbox.got(1)

    assert known == {
        (str(changing.alert_id), 1): "superseded",
        (str(changing.alert_id), 2): "collected",
        (str(ending.alert_id), 1): "superseded",
    }
    assert "5 of 5" in digest.plain
    assert str(ending.alert_id) not in digest.plain


async def test_what_a_newer_version_in_a_digest_replaced_is_not_sent_again(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    buyer, _ = await a_patient_reader(scene, mailbox, DAILY)
    changing = a_told_alert()
    for version in (1, 2):
        await scene.release(changing.model_copy(update={"version": version}))
        await scene.quiet()
    await ripen(scene)
    await mailbox.got(1)
    await eventually(lambda: delivered(scene))
    [old] = [one for one in await scene.deliveries(buyer) if one["alert_version"] == 1]

    path = f"/v1/deliveries/{old['delivery_id']}/resend"
    refused = await scene.post(path, buyer, expect=409)

    assert refused["code"] == "overtaken"


async def test_a_change_of_what_was_told_waits_for_neither_digest_nor_night(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    await a_patient_reader(scene, mailbox, DAILY, "digest@city.example")
    await a_patient_reader(scene, mailbox, quiet_now(), "night@city.example")
    told = a_told_alert()
    await scene.release(told)
    await scene.quiet()
    assert mailbox.mails == []
    await ripen(scene)
    await mailbox.got(2)
    await eventually(lambda: _settled(scene))
    mailbox.mails.clear()

    for version, state in ((2, AlertState.ACTIVE), (3, AlertState.CORRECTED)):
        change = {"version": version, "state": state}
        await scene.release(told.model_copy(update=change), a_told_alert())
        await mailbox.got(2 * (version - 1))
        await eventually(lambda: _settled(scene))

    subjects = sorted((mail.to, mail.message["Subject"].split(":")[0]) for mail in mailbox.mails)
    assert subjects == [
        ("digest@city.example", "Alert updated"),
        ("digest@city.example", "Correction"),
        ("night@city.example", "Alert updated"),
        ("night@city.example", "Correction"),
    ]


async def _settled(scene: Scene) -> bool:
    query = "select count(*) from delivery where state = 'waiting' and due_at <= now()"
    return await scene.count(query) == 0


async def test_a_mail_waits_for_the_morning_and_a_webhook_does_not_know_of_it(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    buyer, _ = await a_patient_reader(scene, mailbox, quiet_now())
    await scene.release(a_told_alert())
    await scene.quiet()

    [delivery] = [one for one in await scene.deliveries(buyer) if one["purpose"] == "alert"]

    due = datetime.fromisoformat(delivery["next_attempt_at"])
    assert delivery["state"] == "waiting"
    assert timedelta(hours=2) < due - datetime.now(UTC) <= timedelta(hours=3)


async def test_the_most_eager_subscription_decides(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    buyer, _ = await a_patient_reader(scene, mailbox, DAILY)
    await scene.subscription(buyer, severity_at_least=4)
    calm, grave = a_told_alert(severity=3), a_told_alert(severity=4)

    await scene.release(calm, grave)
    [mail] = await mailbox.got(1)

    assert str(grave.alert_id) in mail.plain
    assert (await states(scene, buyer))[str(calm.alert_id), 1] == "collected"


async def test_what_was_collected_for_who_wants_no_mail_any_more_goes_nowhere(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    gone, gone_at = await a_patient_reader(scene, mailbox, DAILY, "gone@city.example")
    buyer, _ = await a_patient_reader(scene, mailbox, DAILY)
    await scene.release(a_told_alert())
    await scene.quiet()
    status, _ = await scene.ask("DELETE", gone_at, gone)

    await ripen(scene)
    await mailbox.got(1)
    await eventually(lambda: _settled(scene))

    assert status == 204
    assert [mail.to for mail in mailbox.mails] == ["patient@city.example"]
    assert list((await states(scene, gone)).values()) == ["cancelled"]
    assert list((await states(scene, buyer)).values()) == ["in_digest"]
    assert await press(mailing, "/mail/unsubscribe/nobody") == 404
