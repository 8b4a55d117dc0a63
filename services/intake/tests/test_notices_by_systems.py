"""Each system is asked to send a notice as its documentation says, and its refusals are read."""

import base64
import json
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio
import systems
from aiohttp import web
from notifying import (
    ACCOUNT,
    BOT,
    REPLY,
    TOKEN,
    Asked,
    Exchange,
    a_reply,
    complaints_told,
    exchange,
)
from systems import WHSEC, Line, a_call, a_chat, a_message, a_run, an_sms, an_update, register

from tocsin_common.database import Database
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.http import Client
from tocsin_intake.adapters.standard_webhooks import signed
from tocsin_intake.app import create_app
from tocsin_intake.dialogue import phrases
from tocsin_intake.settings import Settings

Header = dict[str, str]
CONTACT = "a052b00c-15b3-48e6-9771-edbaa277a353"
FLOW = "f5901b62-ba76-4003-9c62-72fdacc1b7b7"
SERVICE = "MG" + "0" * 32
TEMPLATES = {"vi": "HX" + "1" * 32, "en": "HX" + "2" * 32}
KEY = {"api_key_sid": "SK" + "0" * 32, "api_key_secret": "an-invented-key-secret"}
WAITING = {name: one["waiting"] for name, one in phrases.catalogue().items()}


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


@dataclass(frozen=True)
class Case:
    """What a worker sends, how notices are set, and what the system must then be asked."""

    adapter: str
    sent: Any
    notices: Any
    path: str
    shown: str
    body: Any
    system: Any = field(default_factory=dict[str, Any])


TWILIO = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
TEMPLATE = {"through": "whatsapp_cloud", "template": "one_waits", "languages": ["en_US", "vi"]}
GRAPH = "/v25.0/1122334455667/messages"
BEARER = f"Bearer {TOKEN}"


def a_template(code: str, **to: str) -> Any:
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": "template",
        "template": {"name": "one_waits", "language": {"code": code}},
    } | to


CASES = {
    "telegram": Case(
        "telegram", a_chat(), {"through": "telegram"}, f"/bot{BOT}/sendMessage", "",
        {"chat_id": "777", "text": WAITING["th"]},
    ),
    "telegram for a business": Case(
        "telegram",
        {"update_id": 1, "business_message": a_chat()["message"] | {"business_connection_id": "b"}},
        {"through": "telegram"}, f"/bot{BOT}/sendMessage", "",
        {"chat_id": "777", "text": WAITING["th"], "business_connection_id": "b"},
    ),
    "whatsapp": Case(
        "whatsapp_cloud", an_update(a_message()), TEMPLATE, GRAPH, BEARER,
        a_template("en_US", to="84000000002"),
    ),
    "whatsapp without a number": Case(
        "whatsapp_cloud",
        an_update({**a_message(), "from": None, "from_user_id": "VN.13491208655302741918"}),
        TEMPLATE, GRAPH, BEARER, a_template("en_US", recipient="VN.13491208655302741918"),
    ),
    "twilio": Case(
        "twilio", an_sms(), {"through": "twilio", "sender": "+15550100"}, TWILIO,
        basic(ACCOUNT, systems.AUTH_TOKEN),
        {"To": "+84000000003", "From": "+15550100", "Body": WAITING["en"]},
    ),
    "twilio by a service and a key": Case(
        "twilio", an_sms(),
        {"through": "twilio", "messaging_service_sid": SERVICE, "texts": {"en": "Hello?"}} | KEY,
        TWILIO, basic(KEY["api_key_sid"], KEY["api_key_secret"]),
        {"To": "+84000000003", "MessagingServiceSid": SERVICE, "Body": "Hello?"},
    ),
    "twilio whatsapp": Case(
        "twilio", an_sms(From="whatsapp:+84000000003"),
        {
            "through": "twilio", "sender": "+15550100", "whatsapp_sender": "whatsapp:+15550101",
            "templates": TEMPLATES,
        },
        TWILIO, basic(ACCOUNT, systems.AUTH_TOKEN),
        {
            "To": "whatsapp:+84000000003", "From": "whatsapp:+15550101",
            "ContentSid": TEMPLATES["en"],
        },
    ),
    "rapidpro": Case(
        "rapidpro", a_run(contact={"uuid": CONTACT, "urn": "tel:+84000000004", "language": "vie"}),
        {"through": "rapidpro", "texts": {"vi": "@bạn có tin nhắn."}},
        "/api/v2/broadcasts.json", f"Token {TOKEN}",
        {"contacts": [CONTACT], "text": "@@bạn có tin nhắn."},
    ),
    "rapidpro without a contact's id": Case(
        "rapidpro", a_run(), {"through": "rapidpro"},
        "/api/v2/broadcasts.json", f"Token {TOKEN}",
        {"urns": ["tel:+84000000004"], "text": WAITING["vi"]},
    ),
    "rapidpro by a flow": Case(
        "rapidpro", a_run(contact={"uuid": CONTACT, "language": "eng"}),
        {"through": "rapidpro", "flow": FLOW},
        "/api/v2/flow_starts.json", f"Token {TOKEN}",
        {
            "flow": FLOW, "contacts": [CONTACT], "restart_participants": True,
            "params": {"text": WAITING["en"], "language": "en"},
        },
    ),
}  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def system() -> AsyncGenerator[Exchange]:
    async with exchange() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def intake(settings: Settings, database: Database, streams: Any) -> AsyncGenerator[Client]:
    plain = settings.model_copy(update={"outbound_plain_http": True})
    async with serving(create_app(settings=plain)) as client:
        yield client


def access(adapter: str, system: Exchange) -> Any:
    """What opens this system, at the stand-in."""
    known = systems.SYSTEMS[adapter].get(adapter, {})
    match adapter:
        case "whatsapp_cloud":
            more = {
                "access_token": TOKEN,
                "phone_number_id": "1122334455667",
                "base_url": f"{system.origin}/v25.0",
            }
        case "twilio":
            more = {"account_sid": ACCOUNT, "base_url": system.origin}
        case "telegram":
            more = {"bot_token": BOT, "base_url": system.origin}
        case _:
            more = {"api_token": TOKEN, "base_url": system.origin}
    return {adapter: known | more}


async def a_line(
    intake: Client, operator: Header, system: Exchange, adapter: str, notices: Any
) -> Line:
    """An integration whose workers all agree to be told."""
    return await register(
        intake,
        operator,
        adapter,
        **access(adapter, system),
        notices={"contact_me": True} | notices,
    )


async def stands(intake: Client, operator: Header) -> Any:
    """Where the one waiting message stands, once an attempt was made."""

    async def shown() -> Any:
        page = (await intake.get("/v1/admin/notices", headers=operator)).json()["data"]
        return [one for one in page if one["reason"] or one["state"] != "waiting"]

    [one] = await eventually(shown, within=120)
    return one


@pytest.mark.parametrize("name", CASES)
async def test_each_system_is_asked_as_it_wants_to_be_and_hears_no_word_of_the_reply(
    name: str, intake: Client, operator: Header, system: Exchange, told: Any, tell: Any
) -> None:
    case = CASES[name]
    line = await a_line(intake, operator, system, case.adapter, case.notices)
    assert (await line.send(case.sent)).status == 200
    [complaint] = await complaints_told(told)

    await tell(a_reply(complaint))

    assert (await stands(intake, operator))["state"] == "told"
    [asked] = system.asked
    assert (asked.method, asked.path) == ("POST", case.path)
    assert asked.headers.get("authorization", "") == case.shown
    is_form = asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert is_form == (case.adapter == "twilio")
    body = dict(parse_qsl(asked.body.decode())) if is_form else asked.json
    assert body == case.body
    assert REPLY.encode() not in asked.body


async def test_a_hotline_that_tells_its_workers_itself_gets_a_signed_webhook_without_a_contact(
    intake: Client, operator: Header, system: Exchange, told: Any, tell: Any
) -> None:
    system.instead = refusing_first(500)
    how = {"through": "webhook", "url": f"{system.origin}/notices", "secret": WHSEC}
    new = {"name": "Night line", "notices": how}
    created = (await intake.post("/v1/admin/integrations", json=new, headers=operator)).json()
    said = {"words": "They keep our passports.", "language": "vi", "consent": {"contact_me": True}}
    answer = await intake.post("/v1/complaints", json=said, headers=intake.with_key(created["key"]))
    assert answer.status == 201, answer
    [complaint] = await complaints_told(told)

    await tell(a_reply(complaint))

    first, again = await system.has_sent(2)
    assert (again.method, again.path) == ("POST", "/notices")
    shown = [again.headers[f"webhook-{one}"] for one in ("id", "timestamp", "signature")]
    assert signed(WHSEC, shown[0], shown[1], again.body, shown[2], time.time())
    assert not signed(WHSEC, shown[0], shown[1], again.body + b" ", shown[2], time.time())
    assert shown[0] == first.headers["webhook-id"]
    assert again.json == {
        "type": "reply.waiting",
        "data": {
            "complaint_id": answer.json()["complaint_id"],
            "language": "vi",
            "text": WAITING["vi"],
        },
    }


def refusing_first(status: int) -> Any:
    """Answer with this status once, and then as if all were well."""
    answered: list[Asked] = []

    async def answer(one: Asked) -> web.Response:
        answered.append(one)
        return web.Response(status=status if len(answered) == 1 else 200)

    return answer


def problem(status: int, **said: Any) -> Any:
    async def answer(_: Asked) -> web.Response:
        return web.json_response(said, status=status)

    return answer


REFUSALS: list[tuple[str, Any, Any, str, str]] = [
    (
        "telegram",
        {"through": "telegram"},
        problem(403, ok=False, description="Forbidden: bot was blocked by the user"),
        "given_up",
        "blocked",
    ),
    (
        "telegram",
        {"through": "telegram"},
        problem(400, ok=False, description="Bad Request: chat not found"),
        "given_up",
        "no_such_address",
    ),
    ("telegram", {"through": "telegram"}, problem(401, ok=False), "waiting", "not_permitted"),
    (
        "twilio",
        {"through": "twilio", "sender": "+15550100"},
        problem(400, code=21610, message="unsubscribed recipient"),
        "given_up",
        "blocked",
    ),
    (
        "twilio",
        {"through": "twilio", "sender": "+15550100"},
        problem(400, code=21606, message="not a valid sender"),
        "given_up",
        "refused",
    ),
    (
        "whatsapp_cloud",
        TEMPLATE,
        problem(400, error={"code": 131026, "message": "undeliverable"}),
        "given_up",
        "no_such_address",
    ),
    (
        "whatsapp_cloud",
        TEMPLATE,
        problem(404, error={"code": 132001, "message": "no such template"}),
        "given_up",
        "refused",
    ),
    ("whatsapp_cloud", TEMPLATE, problem(400, error={"code": 190}), "waiting", "not_permitted"),
    (
        "rapidpro",
        {"through": "rapidpro"},
        problem(400, contacts=["No such object"]),
        "given_up",
        "refused",
    ),
    ("rapidpro", {"through": "rapidpro"}, problem(502), "waiting", "not_now"),
]


@pytest.mark.parametrize(
    "case", REFUSALS, ids=[f"{one[0]}-{one[4]}-{at}" for at, one in enumerate(REFUSALS)]
)
async def test_a_refusal_ends_or_is_tried_again_and_shows_as_a_code(
    case: Any, intake: Client, operator: Header, system: Exchange, told: Any, tell: Any
) -> None:
    adapter, notices, system.instead, state, reason = case
    line = await a_line(intake, operator, system, adapter, notices)
    await line.send(systems.SENT[adapter])
    [complaint] = await complaints_told(told)

    await tell(a_reply(complaint))

    shown = await stands(intake, operator)
    assert (shown["state"], shown["reason"]) == (state, reason)
    assert (shown["next_attempt_at"] is None) == (state == "given_up")
    listed = await intake.get("/v1/replies-waiting", headers=intake.with_key(line.key))
    assert [one["reason"] for one in listed.json()["data"]] == (
        [reason] if state == "given_up" else []
    )
    assert "84000000" not in json.dumps([shown, listed.json()])


async def test_a_caller_is_not_written_to(
    intake: Client, operator: Header, system: Exchange, told: Any, tell: Any
) -> None:
    notices = {"through": "twilio", "sender": "+15550100"}
    line = await a_line(intake, operator, system, "twilio", notices)
    await line.send(a_call(SpeechResult="They keep our passports."))
    [complaint] = await complaints_told(told)

    await tell(a_reply(complaint))

    shown = await stands(intake, operator)
    assert (shown["state"], shown["reason"]) == ("listed", "no_address")
    assert system.asked == []


async def test_the_waits_a_system_asks_for_are_kept_to(
    intake: Client, operator: Header, system: Exchange, told: Any, tell: Any
) -> None:
    async def later(_: Asked) -> web.Response:
        return web.json_response({"ok": False, "parameters": {"retry_after": 900}}, status=429)

    system.instead = later
    line = await a_line(intake, operator, system, "telegram", {"through": "telegram"})
    await line.send(a_chat())
    [complaint] = await complaints_told(told)
    before = time.time()

    await tell(a_reply(complaint))

    from datetime import datetime

    shown = await stands(intake, operator)
    due = datetime.fromisoformat(shown["next_attempt_at"]).timestamp()
    assert due - before >= 890
    assert shown["reason"] == "not_now"
