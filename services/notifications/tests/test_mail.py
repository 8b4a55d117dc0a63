"""Mail from a buyer's wish to a mail server, and what stops it."""

import re
from typing import Any
from uuid import uuid4

import pytest
from builders import an_alert, an_organisation, an_unverified_alert
from conftest import Serve
from mailbox_server import Mail, Mailbox
from pydantic import SecretStr
from receiver import Receiver
from scene import Buyer, Scene

from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_contracts.alerts import Alert, AlertState

BRAND = an_organisation()
REACH = [BRAND.organisation_id]
WHERE = "procurement@city.example"


def a_told_alert(**changes: Any) -> Alert:
    return an_alert(**({"organisations": (BRAND,)} | changes))


def path_in(mail: Mail, page: str) -> str:
    """The path of a link to one of our own pages."""
    found = re.search(rf"https://notifications\.example(/mail/{page}/[\w-]+)", mail.plain)
    assert found, mail.plain
    return found[1]


async def press(client: Client, path: str) -> int:
    async with client.http.post(path, data={"List-Unsubscribe": "One-Click"}) as answer:
        return answer.status


async def a_reader(
    scene: Scene,
    mailbox: Mailbox,
    address: str = WHERE,
    *,
    undertaking: bool = True,
    language: str = "en",
) -> tuple[Buyer, str]:
    """A buyer with a confirmed address that hears of everything; return its endpoint's path."""
    buyer = await scene.buyer(reach=REACH, undertaking=undertaking, language=language)
    made = await scene.post("/v1/endpoints/email", buyer, {"email": address}, expect=201)
    await scene.subscription(buyer)
    await eventually(lambda: mailbox.to(address), within=60)
    assert await press(scene.client, path_in(mailbox.to(address)[-1], "confirm")) == 200
    mailbox.mails.clear()
    return buyer, f"/v1/endpoints/{made['endpoint_id']}"


async def states(scene: Scene, buyer: Buyer) -> list[str]:
    return [one["state"] for one in await scene.deliveries(buyer) if one["purpose"] == "alert"]


async def test_an_address_is_sent_nothing_but_the_question_before_it_confirms(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    buyer = await scene.buyer(reach=REACH)
    made = await scene.post("/v1/endpoints/email", buyer, {"email": WHERE}, expect=201)
    await scene.subscription(buyer)
    await scene.release(a_told_alert())
    await scene.quiet()
    [question] = await mailbox.got(1)
    link = path_in(question, "confirm")

    async with mailing.http.get(link) as page:  # as a mail scanner does
        assert page.status == 200
        assert "<form" in await page.text()
    before = await scene.get(f"/v1/endpoints/{made['endpoint_id']}", buyer)
    assert await press(mailing, link) == 200
    after = await scene.get(f"/v1/endpoints/{made['endpoint_id']}", buyer)
    alert = a_told_alert()
    await scene.release(alert)
    _, told = await mailbox.got(2)

    assert (before["verified_at"], before["email"], before["kind"]) == (None, WHERE, "email")
    assert after["verified_at"]
    assert question.message["Subject"] == "Please confirm this address"
    assert str(alert.alert_id) in told.plain
    assert len(mailbox.mails) == 2


async def test_a_mail_has_both_parts_and_the_headers_that_mail_programs_want(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    buyer, _ = await a_reader(scene, mailbox, language="sv")
    alert = a_told_alert()

    await scene.release(alert)
    [mail] = await mailbox.got(1)

    message = mail.message
    [delivery] = await scene.deliveries(buyer, alert_id=str(alert.alert_id))
    assert message.get_content_type() == "multipart/alternative"
    assert message["Subject"] == "Nytt larm: Crunchy Armchair Electronics"
    assert message["Content-Language"] == "sv"
    assert (mail.to, message["To"]) == (WHERE, WHERE)
    assert message["From"] == "Tocsin <tocsin@monitor.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Unsubscribe"].strip("<>").endswith(path_in(mail, "unsubscribe"))
    assert message["Message-ID"] == f"<{delivery['delivery_id']}@monitor.example>"
    assert re.fullmatch(r"bounces\+[a-z2-7]{45}@monitor\.example", mail.sender)
    for part in (mail.plain, mail.html):
        assert str(alert.alert_id) in part
        assert "Löner och förmåner" in part
        assert "Silver Heron" not in part
    assert b"traceparent" not in mail.raw.lower()


async def test_an_unverified_alert_is_mailed_as_its_id_and_a_link_and_only_to_who_signed(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    """Whatever its statement says, no word of it is in the mail (protection L6)."""
    await a_reader(scene, mailbox)
    await a_reader(scene, mailbox, "unsigned@city.example", undertaking=False)
    secret, open_ = an_unverified_alert(organisations=(BRAND,)), a_told_alert()

    await scene.release(secret)
    await mailbox.got(1)
    await scene.release(open_)
    await mailbox.got(3)

    [first] = [one for one in mailbox.mails if str(secret.alert_id) in one.plain]
    assert first.to == WHERE
    assert f"https://portal.example/v1/alerts/{secret.alert_id}" in first.plain
    said = first.raw.decode() + first.plain + first.html
    for word in ("Crunchy", "wages", "Wages", "VN", "operator"):
        assert word not in said
    assert await scene.count("select count(statement) from alert_version") == 1


async def test_what_is_told_of_one_alert_stands_together(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    await a_reader(scene, mailbox)
    alert, other = a_told_alert(), a_told_alert()
    await scene.release(alert, other)
    await mailbox.got(2)
    corrected = alert.model_copy(update={"version": 2, "state": AlertState.CORRECTED})
    await scene.release(corrected)
    await mailbox.got(3)

    threads: dict[str, list[str]] = {}
    for mail in mailbox.mails:
        assert mail.message["In-Reply-To"] == mail.message["References"]
        threads.setdefault(mail.message["References"], []).append(mail.message["Message-ID"])
    assert sorted(len(ids) for ids in threads.values()) == [1, 2]
    assert len({one for ids in threads.values() for one in ids}) == 3
    assert mailbox.mails[2].message["Subject"].startswith("Correction: ")


async def test_what_is_refused_for_now_comes_again_and_what_is_refused_for_good_does_not(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    buyer, _ = await a_reader(scene, mailbox)
    other, _ = await a_reader(scene, mailbox, "gone@city.example")
    mailbox.answer(WHERE, "451 4.7.1 Greylisted", "421 4.3.2 Busy")
    mailbox.answer("gone@city.example", "550 5.1.1 No such user")
    mailbox.tried.clear()

    await scene.release(a_told_alert())
    [mail] = await mailbox.got(1, within=60)
    await eventually(lambda: states_are(scene, buyer, ["delivered"]))
    await eventually(lambda: states_are(scene, other, ["failed"]))

    [delivery] = [one for one in await scene.deliveries(buyer) if one["purpose"] == "alert"]
    detail = await scene.get(f"/v1/deliveries/{delivery['delivery_id']}", buyer)
    assert mail.message["Message-ID"] == f"<{delivery['delivery_id']}@monitor.example>"
    assert [one["status"] for one in detail["tried"]] == [250, 421, 451]
    assert mailbox.tried.count("gone@city.example") == 1


async def states_are(scene: Scene, buyer: Buyer, expected: list[str]) -> bool:
    return await states(scene, buyer) == expected


async def test_one_click_stops_the_mails_without_a_login_and_a_scanner_does_not(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    buyer, where = await a_reader(scene, mailbox)
    alert = a_told_alert()
    await scene.release(alert)
    [mail] = await mailbox.got(1)
    link = path_in(mail, "unsubscribe")

    async with mailing.http.get(link) as page:
        assert page.status == 200
    still = await scene.get(where, buyer)
    assert [await press(mailing, link), await press(mailing, link)] == [200, 200]
    stopped = await scene.get(where, buyer)
    await scene.release(
        a_told_alert(), alert.model_copy(update={"version": 2, "state": AlertState.CORRECTED})
    )
    assert await scene.planned() == 1

    assert still["verified_at"]
    assert stopped["verified_at"] is None
    await scene.ask("POST", f"{where}/confirmation", buyer)
    again = (await mailbox.got(2))[1]
    assert await press(mailing, path_in(again, "confirm")) == 200
    assert (await scene.get(where, buyer))["verified_at"]


async def test_a_link_that_we_did_not_make_does_nothing(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    buyer, where = await a_reader(scene, mailbox)
    await scene.release(a_told_alert())
    link = path_in((await mailbox.got(1))[0], "unsubscribe")
    swapped = link.replace("unsubscribe", "confirm")
    forged = link[:-2] + ("AA" if link[-2:] != "AA" else "BB")

    for path in (swapped, forged, "/mail/unsubscribe/x", f"/mail/confirm/{uuid4().hex}", link[:-1]):
        assert await press(mailing, path) == 404
        async with mailing.http.get(path) as page:
            assert page.status == 404
    assert (await scene.get(where, buyer))["verified_at"]


async def test_a_buyer_hears_by_mail_that_its_webhook_was_switched_off(
    mailing: Client, scene: Scene, mailbox: Mailbox, receiver: Receiver
) -> None:
    buyer, _ = await a_reader(scene, mailbox)
    await scene.endpoint(buyer, receiver.url("/gone"))
    receiver.answer_with("/gone", 410)

    await scene.release(a_told_alert())
    await mailbox.got(2)

    [notice] = [one for one in mailbox.mails if "switched off" in one.message["Subject"]]
    assert receiver.url("/gone") in notice.plain
    assert "it answered that it is gone" in notice.plain


@pytest.mark.parametrize(
    "wrong",
    [{"smtp_password": SecretStr("wrong")}, {"smtp_ca_file": None}, {"smtp_security": "tls"}],
)
async def test_a_mail_server_that_is_not_ours_gets_nothing_and_the_mail_waits(
    serve: Serve, scene: Scene, mailbox: Mailbox, wrong: dict[str, Any]
) -> None:
    async with serve(**(mailbox.settings | {"retry_scale": 10} | wrong)) as client:
        scene.client = client
        buyer = await scene.buyer(reach=REACH)
        await scene.post("/v1/endpoints/email", buyer, {"email": WHERE}, expect=201)

        async def tried() -> bool:
            return bool(await scene.count("select count(*) from attempt"))

        await eventually(tried, 20)

        [delivery] = await scene.deliveries(buyer)
    assert (delivery["state"], delivery["purpose"]) == ("waiting", "verification")
    assert mailbox.mails == []


async def test_nobody_is_bothered_through_us_for_ever(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    buyer = await scene.buyer()
    made = await scene.post("/v1/endpoints/email", buyer, {"email": WHERE}, expect=201)
    path = f"/v1/endpoints/{made['endpoint_id']}/confirmation"

    statuses = [(await scene.ask("POST", path, buyer))[0] for _ in range(20)]

    assert statuses == [202] * 19 + [409]


@pytest.mark.parametrize(
    "address", ["no", "a@b", "a b@c.example", "a@c.example\r\nBcc: x@y.example"]
)
async def test_what_is_no_address_is_refused(mailing: Client, scene: Scene, address: str) -> None:
    refused = await scene.post(
        "/v1/endpoints/email", await scene.buyer(), {"email": address}, expect=422
    )

    assert refused["code"] == "invalid"


async def test_an_installation_without_a_mail_server_says_so(
    notifications: Client, scene: Scene
) -> None:
    refused = await scene.post(
        "/v1/endpoints/email", await scene.buyer(), {"email": WHERE}, expect=409
    )

    assert refused["code"] == "no_mail"


async def test_a_mail_that_cannot_be_written_is_noted_and_tried_again_later(
    mailing: Client, scene: Scene, mailbox: Mailbox
) -> None:
    """What we cannot do is seen in the log, delays nobody else and is not the address's fault."""
    buyer, where = await a_reader(scene, mailbox)
    broken, other = a_told_alert(), a_told_alert()
    await scene.release(broken)
    await mailbox.got(1)
    await scene.delivered(2)
    await scene.database_change("update alert_version set statement = '-' || statement")
    [told] = [one for one in await scene.deliveries(buyer) if one["purpose"] == "alert"]
    path = f"/v1/deliveries/{told['delivery_id']}"
    await scene.post(f"{path}/resend", buyer, expect=202)
    await scene.release(other)
    await mailbox.got(2)

    async def noted() -> Any:
        return next((one for one in (await scene.get(path, buyer))["tried"] if one["fault"]), None)

    attempt = await eventually(noted)
    await scene.database_change("update alert_version set statement = ltrim(statement, '-')")
    await mailbox.got(3)

    assert attempt["fault"] == "ours"
    assert (await scene.get(where, buyer))["failing_since"] is None
