"""A worker's story in which every word is marked, told through each of intake's doors."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

from tests.support.clients import Caller, Json, WhatsApp
from tests.support.media_host import photo
from tests.support.systems import System
from tests.support.tocsin import Tocsin
from tests.support.world import Place, World, a_complaint
from tocsin_common.testing.http import Answer
from tocsin_contracts.events.cases import ComplaintStatusChanged
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_contracts.streams import CASES, INTAKE

OFFICER = "An officer"
MARK = "Żurāw ķ7"
"""In every word a worker or hotline says; what a worker cannot type as text is in `PLAIN`."""
PLAIN = "zq7heron41"
"""The same where only ASCII goes: headers, addresses, names of fields."""
PHONE = "84990417720031"
"""A source's number as WhatsApp writes it: digits only, so that nothing marks it."""
APP_SECRET = "an invented secret 5b1f"
BROKEN = "Ŝtorķ 99"
"""In events that do not decode: those are kept as they came, for an operator."""


@dataclass
class Told:
    """What was planted on the way, to be searched for."""

    receipts: list[str] = field(default_factory=list[str])
    complaint_ids: list[UUID] = field(default_factory=list[UUID])
    request_ids: list[UUID] = field(default_factory=list[UUID])
    trace_ids: list[UUID] = field(default_factory=list[UUID])


def marked(reference: str, place: Place, **changes: Any) -> Json:
    """A complaint in which all that is not a code carries the mark."""
    said = {
        "words": f"They said: {MARK} {reference}.",
        "contact": f"{MARK} 0990 417 720",
        "consent": {"share": "given", "contact_me": True},
        "source": {"kind": "phone", "handle": f"{MARK} {reference}"},
    }
    return a_complaint(f"{MARK} {reference}", place, **said | changes)


async def evidence(everybody: World) -> str:
    """Upload a photo that says the mark about itself, under a marked name; return its id."""
    content = photo(MARK)
    assert MARK.encode() in content, "the control"
    named = {
        "Content-Type": f"image/{PLAIN}",
        "Content-Disposition": f'attachment; filename="{PLAIN}.jpg"',
    }
    kept = await everybody.hotline.ask("POST", "/v1/attachments", data=content, headers=named)
    return kept["attachment_id"]


async def report(told: Told, everybody: World, complaint: Json) -> str:
    """Hand a complaint in with ids that must lead nowhere; return its id."""
    request_id, trace_id = uuid4(), uuid4()
    receipt = await everybody.hotline.report(
        complaint,
        **{
            "Idempotency-Key": f"{PLAIN} {complaint['external_ref'].encode().hex()}",
            "X-Request-Id": str(request_id),
            "traceparent": f"00-{trace_id.hex}-{trace_id.hex[:16]}-01",
            "tracestate": f"{PLAIN}=1",
        },
    )
    told.receipts.append(receipt["receipt"])
    told.complaint_ids.append(UUID(receipt["complaint_id"]))
    told.request_ids.append(request_id)
    told.trace_ids.append(trace_id)
    return receipt["complaint_id"]


async def speak(tocsin: Tocsin, everybody: World, told: Told) -> None:
    """Let a worker, a hotline and an officer add words to the first complaint."""
    receipt, complaint_id = told.receipts[0], told.complaint_ids[0]
    door = tocsin.http[INTAKE]
    own = (await door.post("/v1/receipts/renew", json={"receipt": receipt})).json()
    shown = {"receipt": own["new_receipt"], "pin": own["new_pin"]}
    told.receipts.append(own["new_receipt"])
    said = await door.post("/v1/receipts/messages", json={**shown, "words": f"{MARK} more"})
    assert said.json()["done"]
    refused = {**shown, "words": [MARK], PLAIN: MARK}
    assert (await door.post("/v1/receipts/messages", json=refused)).status == 422
    officer = await tocsin.operator(CASES).post("/v1/admin/officers", {"name": OFFICER})
    caller = Caller(tocsin.http[CASES], officer["key"])
    path = f"/v1/complaints/{complaint_id}"
    await caller.ask("PUT", f"{path}/assignment", json={}, headers={"If-Match": "*"})
    await caller.post(f"{path}/replies", {"words": f"{MARK} answer"})


def an_update(*messages: Json) -> Json:
    """An update as WhatsApp Cloud posts it, by a sender whose profile has a name."""
    profile = {"profile": {"name": f"{MARK} profile"}, "wa_id": PHONE, "user_id": f"VN.{PHONE}"}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "972123456789", "phone_number_id": "1122334455667"},
        "contacts": [profile],
        "messages": [
            {"from": PHONE, "id": f"wamid.{PLAIN}{number}", "timestamp": "1930000000"} | message
            for number, message in enumerate(messages)
        ],
    }
    change = {"field": "messages", "value": value}
    entry = {"id": "1234567890987654321", "changes": [change]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def whatsapp_messages(country: str) -> list[Json]:
    """A text, a document with a file name, a place, somebody's card, a form, a strange thing."""
    form = {
        "words": f"{MARK} in a form",
        "facility_name": f"{MARK} works",
        "facility_address": f"{MARK} lane",
        "facility_country": country,
        "issues": ["wages.unpaid"],
        "share": "given",
    }
    reply = {"type": "nfm_reply", "nfm_reply": {"response_json": json.dumps(form), "name": "flow"}}
    file = {
        "filename": f"{MARK} payslip.pdf",
        "mime_type": "application/pdf",
        "id": PLAIN,
        "sha256": PLAIN,
    }
    spot = {"latitude": 1.5, "longitude": 2.5, "name": f"{MARK} gate", "address": f"{MARK} lane"}
    card = {"name": {"formatted_name": f"{MARK} friend"}, "phones": [{"phone": PHONE}]}
    return [
        {"type": "text", "text": {"body": f"{MARK} on WhatsApp"}},
        {"type": "document", "document": file | {"caption": f"{MARK} caption"}},
        {"type": "document", "document": file},
        {"type": "image", "image": {"mime_type": "image/jpeg", "id": f"{PLAIN}2"}},
        {"type": "location", "location": spot},
        {"type": "contacts", "contacts": [card]},
        {"type": "interactive", "interactive": reply},
        {"type": "unsupported", "errors": [{"code": 1, "title": f"{MARK} title"}]},
    ]


SYSTEMS = ("twilio", "rapidpro", "kobo", "telegram", "generic")
SECRET_TOKEN = "zq7secret41-of-a-system"


def said_to(adapter: str) -> list[Json]:
    """What a worker says through this system: understood, and then something nobody knows."""
    chat = {"id": PHONE, "type": "private", "first_name": f"{MARK} name"}
    message = {"message_id": 1, "from": chat, "chat": chat, "date": 1, "text": f"{MARK} in a chat"}
    attachment = {"content_type": "image/jpeg", "url": f"https://files.example/{PLAIN}"}
    return {
        "twilio": [
            {
                "MessageSid": f"SM{PLAIN}",
                "From": f"+{PHONE}",
                "Body": f"{MARK} by SMS",
                "ProfileName": f"{MARK} name",
                "MediaUrl0": f"https://files.example/{PLAIN}",
                "NumMedia": "1",
            },
            {"Hologram": MARK, "From": f"+{PHONE}"},
        ],
        "rapidpro": [
            {
                "contact": {"uuid": PLAIN, "name": f"{MARK} name", "urn": f"tel:+{PHONE}"},
                "run": {"uuid": PLAIN},
                "results": {"words": {"value": f"{MARK} in a flow"}},
                "input": {"text": MARK, "attachments": [attachment]},
            },
            {"hologram": MARK},
        ],
        "kobo": [
            {"_uuid": PLAIN, "report/words": f"{MARK} in a form", "report/facility_name": MARK,
             "_attachments": [{"download_url": f"https://files.example/{PLAIN}"}]},
            {"_hologram": MARK},
        ],
        "telegram": [
            {"update_id": 1, "message": message},
            {"update_id": 2, "hologram": {"of": MARK}},
        ],
        "generic": [{"said": f"{MARK} somewhere else", "by": PHONE}, {"hologram": MARK}],
    }[adapter]  # fmt: skip


async def tell_by_every_system(operator: Caller, name: str) -> list[System]:
    """Say marked words through each system, understood and not; and by a table."""
    systems: list[System] = []
    for adapter in SYSTEMS:
        system = await System.registered(operator, name, adapter, SECRET_TOKEN)
        systems.append(system)
        for said in said_to(adapter):
            answer = await system.post(said)
            assert answer.status == 200, (adapter, answer)
            assert MARK not in answer.text
    table = f"words,factory,country\n{MARK} in a table,{MARK} works,VN\n{MARK},,{MARK}\n"
    hotline = systems[0].hotline
    imported = await hotline.send("POST", "/v1/complaints/import", data=table.encode())
    assert imported.status == 200, imported
    assert MARK not in imported.text
    kept = await operator.all("/v1/admin/quarantine")
    assert {one["adapter"] for one in kept} >= set(SYSTEMS)
    return systems


async def refused_by_every_system(systems: Sequence[System]) -> list[Answer]:
    """Marked bodies without what vouches for them, and marked ones that are no table."""
    forged = {
        "Authorization": f"Bearer {PLAIN}",
        "X-Twilio-Signature": PLAIN,
        "X-Telegram-Bot-Api-Secret-Token": PLAIN,
        "webhook-signature": f"v1,{PLAIN}",
    }
    answers = [await one.post(said_to(one.adapter)[0], **forged) for one in systems]
    tables = (f"{MARK}\n{MARK}\n".encode(), b"PK\x03\x04" + MARK.encode())
    line = systems[0].hotline
    return answers + [await line.send("POST", "/v1/complaints/import", data=one) for one in tables]


async def tell_what_does_not_decode(tocsin: Tocsin) -> None:
    """Put events on amber streams that hold words where ids belong."""
    said = json.dumps({"complaint_id": BROKEN, "issues": [BROKEN], "status": BROKEN}).encode()
    for service, subject in (
        (INTAKE, ComplaintReceived.subject),
        (CASES, ComplaintStatusChanged.subject),
    ):
        async with tocsin.on_the_bus_as(service) as bus:
            for body in (said, BROKEN.encode()):
                headers = {"Nats-Msg-Id": str(uuid4())}
                await bus.jetstream().publish(subject, body, headers=headers)


async def provoke_errors(tocsin: Tocsin, everybody: World, whatsapp: WhatsApp) -> list[Answer]:
    """Send marked words wherever they are refused; return every refusal."""
    answers: list[Answer] = []
    for body in refused_complaints():
        headers = {"Content-Type": "application/json"}
        answers.append(
            await everybody.hotline.send(
                "POST", "/v1/complaints", data=BytesIO(body), headers=headers
            )
        )
    reused = marked("reused", Place("", "VN", "", ""), facility={})
    answers.append(await everybody.hotline.send("POST", "/v1/complaints", json=reused))
    answers.append(
        await everybody.hotline.send("POST", "/v1/complaints", json=reused | {"words": MARK + "!"})
    )
    answers += await refused_updates(whatsapp)
    strangers = [
        everybody.hotline,
        everybody.officer,
        everybody.buyer.portal,
        everybody.buyer.notifications,
        *(tocsin.operator(service) for service in tocsin.http),
    ]
    for caller in strangers:
        answers += await refused_everywhere(caller)
    return [answer for answer in answers if answer.status >= 400]


def refused_complaints() -> list[bytes]:
    """Bodies with the mark in every place that validation looks at."""
    good = marked("refused", Place("Plant", "VN", "", ""), facility={"name": MARK})
    wrong: list[Mapping[str, Any]] = [
        {"words": ""},
        {"words": [MARK]},
        {"words": MARK * 5_000},
        {"words": f"{MARK}\0"},
        {"issues": [MARK]},
        {"issues": MARK},
        {"language": MARK},
        {"channel": MARK},
        {"happened_on": MARK},
        {"relation": MARK},
        {"facility": MARK},
        {"facility": {"os_id": MARK}},
        {"facility": {"country": MARK}},
        {"facility": {"name": MARK * 100}},
        {"source": {"kind": MARK, "handle": MARK}},
        {"source": {"kind": "phone", "handle": MARK * 100}},
        {"consent": {"share": MARK}},
        {"attestation": {"members": MARK}},
        {"contact": {MARK: MARK}},
        {PLAIN: MARK},
        {MARK: MARK},
    ]
    whole = json.dumps(good).encode()
    return [
        *(json.dumps({**good, **one}).encode() for one in wrong),
        whole[:-2],
        whole.replace(b'"words": "', b'"words": "\\ud800'),
        whole.replace(b'"words": "', b'"words": "\xff'),
        json.dumps([good]).encode(),
        json.dumps(MARK).encode(),
        MARK.encode("utf-16"),
        b"[" * 100_000 + MARK.encode(),
        json.dumps({"words": MARK * 100_000}).encode(),
    ]


async def refused_updates(whatsapp: WhatsApp) -> list[Answer]:
    """What Meta did not send, or did not sign."""
    unsigned = {"X-Hub-Signature-256": f"sha256={PLAIN}"}
    forgotten = {"hub.mode": "subscribe", "hub.verify_token": MARK, "hub.challenge": MARK}
    return [
        await whatsapp.post(an_update({"type": "text", "text": {"body": MARK}}), **unsigned),
        await whatsapp.post([MARK]),
        await whatsapp.post({"object": {"of": MARK}}),
        await whatsapp.post({"object": "x", "entry": [{"changes": MARK}]}),
        await whatsapp.post(an_update({"type": "text", "text": {"body": MARK * 5_000}})),
        await whatsapp.hotline.send("GET", whatsapp.path, params=forgotten),
        await whatsapp.hotline.send("GET", whatsapp.path, params={MARK: MARK}),
    ]


async def refused_everywhere(caller: Caller) -> list[Answer]:
    """Marked addresses, questions, keys and bodies at one service's doors."""
    return [
        await caller.send("GET", f"/v1/{MARK}"),
        await caller.send("GET", f"/v1/alerts/{MARK}"),
        await caller.send("GET", f"/v1/complaints/{MARK}"),
        await caller.send("GET", f"/v1/admin/parked/{MARK}"),
        await caller.send("DELETE", f"/v1/complaints/{MARK}/proposals/{MARK}"),
        await caller.send("POST", f"/v1/complaints/{uuid4()}/match", json={"facility_id": MARK}),
        await caller.send("GET", "/v1/alerts", params={"after": MARK, "state": MARK}),
        await caller.send("GET", "/v1/deliveries", params={"after": MARK, "limit": MARK}),
        await caller.send("GET", "/v1/facilities", params={"name": MARK, "country": MARK}),
        await caller.send("POST", "/v1/subscriptions", json={"name": [MARK], PLAIN: MARK}),
        await caller.send("POST", "/v1/endpoints", json={"url": MARK}),
        await caller.send("POST", "/v1/admin/integrations", json={"adapter": MARK, MARK: MARK}),
        await caller.send("GET", "/v1/alerts", headers={"Authorization": f"Bearer {PLAIN}"}),
        await caller.send("GET", "/v1/me", headers={"X-Request-Id": PLAIN, "Authorization": PLAIN}),
        await caller.send("PATCH", "/v1/complaints", data=MARK.encode()),
    ]
