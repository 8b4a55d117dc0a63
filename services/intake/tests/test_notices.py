"""A worker who agreed to it hears once, and neutrally, that a message waits."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import web
from nacl.public import PrivateKey
from notifying import BOT, REPLY, Asked, Exchange, a_reply, complaints_told, exchange
from pydantic import ValidationError
from sqlalchemy import text
from systems import SECRET_TOKEN, WHSEC, Line, a_chat, a_run, register
from test_promises import everything_stored

from tocsin_common.database import Database
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.http import Client
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_intake.app import create_app
from tocsin_intake.dialogue import phrases
from tocsin_intake.integrations.hours import Hours
from tocsin_intake.settings import Settings

Header = dict[str, str]
AGREED = {"share": "given", "contact_me": True}


@pytest_asyncio.fixture(loop_scope="session")
async def system() -> AsyncGenerator[Exchange]:
    async with exchange() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def intake(settings: Settings, database: Database, streams: Any) -> AsyncGenerator[Client]:
    plain = settings.model_copy(update={"outbound_plain_http": True})
    async with serving(create_app(settings=plain)) as client:
        yield client


async def a_bot(
    intake: Client, operator: Header, system: Exchange, more: Any = None, **notices: Any
) -> Line:
    """A Telegram bot's integration that sends notices."""
    ours = {"secret_token": SECRET_TOKEN, "bot_token": BOT, "base_url": system.origin}
    wanted = {"through": "telegram", "contact_me": True} | notices
    return await register(
        intake, operator, "telegram", telegram=ours, notices=wanted, **(more or {})
    )


async def a_webhook(intake: Client, operator: Header, system: Exchange) -> Header:
    """The key of a hotline that is told by a webhook, and tells its workers itself."""
    how = {"through": "webhook", "url": f"{system.origin}/notices", "secret": WHSEC}
    new = {"name": "Night line", "notices": how}
    created = (await intake.post("/v1/admin/integrations", json=new, headers=operator)).json()
    return intake.with_key(created["key"])


async def complain(intake: Client, hotline: Header, **changes: Any) -> Any:
    said = {"words": "They keep our passports.", "consent": AGREED} | changes
    answer = await intake.post("/v1/complaints", json=said, headers=hotline)
    assert answer.status == 201, answer
    return answer.json()


async def from_chat(line: Line, told: Any, number: int = 1) -> ComplaintReceived:
    """What somebody wrote into a chat, as it was told; the newest."""
    chat = a_chat(update_id=number)
    chat["message"] = chat["message"] | {"message_id": number}
    assert (await line.send(chat)).status == 200
    return (await complaints_told(told, number))[-1]


async def stand(intake: Client, operator: Header) -> list[tuple[str, str | None]]:
    page = await intake.get("/v1/admin/notices", headers=operator)
    return [(one["state"], one["reason"]) for one in page.json()["data"]]


async def stands(intake: Client, operator: Header, *wanted: tuple[str, str | None]) -> None:
    """Wait until waiting messages stand so."""

    async def so() -> Any:
        return sorted(map(str, await stand(intake, operator))) == sorted(map(str, wanted))

    await eventually(so, within=120)


async def use(intake: Client, what: str, receipt: str, **more: Any) -> Any:
    answer = await intake.post(f"/v1/receipts/{what}", json={"receipt": receipt, **more})
    assert answer.status == 200, answer
    return answer.json()


async def own_number(intake: Client, receipt: str) -> Any:
    renewed = await use(intake, "renew", receipt)
    return {"receipt": renewed["new_receipt"], "pin": renewed["new_pin"]}


async def test_a_worker_who_wrote_to_a_bot_hears_in_that_chat_that_a_message_waits(
    intake: Client, operator: Header, system: Exchange, told: Any, tell: Any
) -> None:
    line = await a_bot(intake, operator, system)
    complaint = await from_chat(line, told)

    await tell(a_reply(complaint))

    [asked] = await system.has_sent()
    assert (asked.method, asked.path) == ("POST", f"/bot{BOT}/sendMessage")
    assert asked.json == {"chat_id": "777", "text": phrases.phrase("th", "waiting")}
    await stands(intake, operator, ("told", None))


@pytest.mark.parametrize("answer", ["no", "maybe later"])
async def test_whoever_says_no_or_says_no_yes_is_not_told_though_everybody_else_is(
    answer: str, intake: Client, operator: Header, system: Exchange, told: Any, tell: Any
) -> None:
    notices = {"through": "rapidpro", "contact_me": True}
    ours = {"api_token": "an-invented-token", "base_url": system.origin}
    line = await register(intake, operator, "rapidpro", rapidpro=ours, notices=notices)
    said = {name: {"name": name, "value": value} for name, value in a_run()["results"].items()}
    asked = {"words": {"value": "Locked."}, "contact_me": {"value": answer, "input": answer}}
    assert said
    assert (await line.send(a_run(results=asked))).status == 200
    assert (await line.send(a_run(run={"uuid": "r2"}))).status == 200
    refusing, agreeing = await complaints_told(told, 2)

    await tell(a_reply(refusing))
    await tell(a_reply(agreeing))

    await stands(intake, operator, ("told", None))
    assert len(system.asked) == 1


async def test_without_the_hotlines_word_or_the_workers_nobody_is_told_and_no_address_is_kept(
    intake: Client, operator: Header, system: Exchange, told: Any, tell: Any, database: Database
) -> None:
    silent = await a_bot(intake, operator, system, contact_me=False)
    complaint = await from_chat(silent, told)
    hotline = await a_webhook(intake, operator, system)
    await complain(intake, hotline)
    [_, other] = await complaints_told(told, 2)

    await tell(a_reply(complaint))
    await tell(a_reply(other))

    await stands(intake, operator, ("told", None))
    assert [one.path for one in system.asked] == ["/notices"]
    async with database.begin() as tx:
        query = "select contact from vault_entry where complaint_id = :id"
        [(contact,)] = (await tx.execute(text(query), {"id": complaint.complaint_id})).all()
    assert contact is None


async def test_replies_that_come_while_one_waits_are_told_of_once_and_after_reading_again(
    intake: Client, operator: Header, system: Exchange, told: Any, tell: Any
) -> None:
    hotline = await a_webhook(intake, operator, system)
    receipt = (await complain(intake, hotline))["receipt"]
    own = await own_number(intake, receipt)
    [complaint] = await complaints_told(told)

    await tell(a_reply(complaint))
    await system.has_sent()
    await stands(intake, operator, ("told", None))
    await tell(a_reply(complaint))

    async def both() -> Any:
        return (await use(intake, "open", receipt))["messages_there"] == 2

    await eventually(both, within=120)
    assert await stand(intake, operator) == [("told", None)]
    assert len(system.asked) == 1
    assert len((await use(intake, "open", **own))["messages"]) == 2
    assert await stand(intake, operator) == []
    await tell(a_reply(complaint))
    first, second = await system.has_sent(2)
    assert first.headers["webhook-id"] != second.headers["webhook-id"]


@pytest.mark.parametrize("how", ["consent", "withdraw", "erase", "told"])
async def test_what_waits_to_be_sent_again_is_ended_by_consent_taken_back_erasure_or_the_hotline(
    how: str, intake: Client, operator: Header, system: Exchange, told: Any, tell: Any
) -> None:
    async def away(_: Asked) -> web.Response:
        return web.Response(status=503)

    system.instead = away
    hotline = await a_webhook(intake, operator, system)
    accepted = await complain(intake, hotline)
    own = await own_number(intake, accepted["receipt"])
    [complaint] = await complaints_told(told)
    await tell(a_reply(complaint))
    await stands(intake, operator, ("waiting", "not_now"))
    match how:
        case "consent":
            assert (await use(intake, "consent", **own, contact_me=False))["done"]
        case "told":
            body = {"complaint_ids": [accepted["complaint_id"]]}
            path = "/v1/replies-waiting/told"
            assert (await intake.post(path, json=body, headers=hotline)).status == 204
        case _:
            assert (await use(intake, how, **own))["done"]

    assert await stand(intake, operator) == ([("told", None)] if how == "told" else [])


async def test_whose_contact_only_the_hotline_can_open_is_left_to_the_hotline(
    intake: Client, operator: Header, system: Exchange, told: Any, tell: Any
) -> None:
    from base64 import b64encode

    own = b64encode(bytes(PrivateKey.generate().public_key)).decode()
    line = await a_bot(intake, operator, system, {"contact_key": own})
    complaint = await from_chat(line, told)

    await tell(a_reply(complaint))

    await stands(intake, operator, ("listed", "sealed_to_hotline"))
    listed = await intake.get("/v1/replies-waiting", headers=intake.with_key(line.key))
    [one] = listed.json()["data"]
    assert one["text"] == phrases.phrase("th", "waiting")
    assert system.asked == []


async def test_an_address_lies_only_sealed_and_is_in_no_log_label_or_answer(
    intake: Client,
    operator: Header,
    system: Exchange,
    told: Any,
    tell: Any,
    database: Database,
    caplog: pytest.LogCaptureFixture,
) -> None:
    canary = 770_417_720_417

    async def gone(one: Asked) -> web.Response:
        return web.json_response({"description": f"chat not found {one.json}"}, status=400)

    system.instead = gone
    line = await a_bot(intake, operator, system)
    chat = a_chat()
    chat["message"]["chat"]["id"] = canary
    await line.send(chat)
    [complaint] = await complaints_told(told)
    await tell(a_reply(complaint))
    await stands(intake, operator, ("given_up", "no_such_address"))

    from prometheus_client import REGISTRY, generate_latest

    assert system.asked[0].json["chat_id"] == str(canary)
    left = await everything_stored(database)
    page = (await intake.get("/v1/admin/notices", headers=operator)).text
    metrics = generate_latest(REGISTRY).decode()
    for place in (left, page, metrics, caplog.text):
        assert str(canary) not in str(place)
        assert REPLY not in str(place)
    assert "tocsin_waiting_replies" in metrics


async def test_what_could_not_be_sent_is_sent_once_the_operator_has_mended_it(
    intake: Client, operator: Header, system: Exchange, told: Any, tell: Any
) -> None:
    async def refused(_: Asked) -> web.Response:
        return web.json_response({"description": "Bad Request"}, status=400)

    system.instead = refused
    line = await a_bot(intake, operator, system)
    complaint = await from_chat(line, told)
    await tell(a_reply(complaint))
    await stands(intake, operator, ("given_up", "refused"))
    system.instead = None

    again = await intake.post(
        "/v1/admin/notices/retry", json={"integration_id": line.integration_id}, headers=operator
    )

    assert again.json() == {"due_again": 1}
    await stands(intake, operator, ("told", None))
    assert len(system.asked) == 2


async def test_notices_are_changed_by_etag_show_no_secret_and_are_refused_where_they_cannot_be_sent(
    intake: Client, operator: Header, system: Exchange
) -> None:
    line = await register(intake, operator, "telegram")
    place = f"/v1/admin/integrations/{line.integration_id}/notices"
    webhook = {"through": "webhook", "url": "https://hotline.example.org/n", "secret": WHSEC}

    async def put(wanted: Any, **more: str) -> Any:
        return await intake.request("PUT", place, json=wanted, headers=operator | more)

    impossible = await put({"through": "telegram"}, **{"If-Match": "*"})
    assert (impossible.status, impossible.json()["code"]) == (422, "notices_not_possible")
    assert (
        await put({"through": "twilio", "sender": "+15550100"}, **{"If-Match": "*"})
    ).status == 422
    assert (await put(webhook)).status == 428
    assert (await put(webhook, **{"If-Match": '"7"'})).status == 412
    done = await put(webhook, **{"If-Match": "*"})
    assert done.status == 200
    shown = await intake.get(place, headers=operator)
    assert WHSEC not in done.text + shown.text
    assert shown.json()["url"] == webhook["url"]
    gone = await intake.request("DELETE", place, headers=operator | {"If-Match": "*"})
    assert gone.status == 204
    assert (await intake.get(place, headers=operator)).json() is None


@pytest.mark.parametrize(
    "said", ["Tocsin: a message", "About your complaint", "Tin từ nhà máy", "关于工厂", ""]
)
async def test_words_that_give_away_what_it_is_about_are_refused(
    said: str, intake: Client, operator: Header
) -> None:
    how = {"through": "webhook", "url": "https://hotline.example.org/n", "secret": WHSEC}
    new = {"name": "L", "notices": how | {"texts": {"vi": said}}}

    refused = await intake.post("/v1/admin/integrations", json=new, headers=operator)

    assert refused.status == 422
    assert not said or said not in refused.text


def test_hours_are_those_of_where_workers_live_and_may_go_past_midnight() -> None:
    evening = Hours.model_validate({"begin": "19:30", "end": "22:00", "zone": "Asia/Ho_Chi_Minh"})
    night = Hours.model_validate({"begin": "22:00", "end": "06:00", "zone": "Asia/Ho_Chi_Minh"})
    noon = datetime(2031, 3, 3, 12, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))

    assert evening.wait(noon.astimezone(UTC)) == timedelta(hours=7, minutes=30)
    assert evening.wait(noon + timedelta(hours=8)) == timedelta()
    assert evening.wait(noon + timedelta(hours=11)) == timedelta(hours=20, minutes=30)
    assert night.wait(noon) == timedelta(hours=10)
    assert night.wait(noon + timedelta(hours=17)) == timedelta()
    for wrong in ({"zone": "Mars/Base"}, {"end": "19:40"}, {"end": "19:30"}):
        with pytest.raises(ValidationError):
            Hours.model_validate(evening.model_dump() | wrong)


async def test_nobody_is_told_outside_the_hours(
    intake: Client, operator: Header, system: Exchange, told: Any, tell: Any
) -> None:
    begin = datetime.now(UTC) + timedelta(hours=6)
    hours = {"begin": f"{begin:%H:%M}", "end": f"{begin + timedelta(hours=2):%H:%M}", "zone": "UTC"}
    line = await a_bot(intake, operator, system, hours=hours)
    complaint = await from_chat(line, told)

    await tell(a_reply(complaint))

    async def put_off() -> Any:
        page = (await intake.get("/v1/admin/notices", headers=operator)).json()["data"]
        due = [datetime.fromisoformat(one["next_attempt_at"]) for one in page]
        return due and due[0] > begin - timedelta(minutes=2) and page[0]["attempts"] == 0

    assert await eventually(put_off, within=120)
    assert system.asked == []
