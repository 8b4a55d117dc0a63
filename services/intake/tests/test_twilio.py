"""Twilio's messages and calls become complaints, answered in TwiML."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

import pytest
from sqlalchemy import text
from systems import (
    AUTH_TOKEN,
    PUBLIC_URL,
    SYSTEMS,
    Line,
    a_call,
    an_sms,
    register,
    twilio_signature,
)

from tocsin_common.database import Database
from tocsin_common.testing.http import Client
from tocsin_intake.adapters import twilio
from tocsin_intake.adapters.payloads import Payload, Translation
from tocsin_intake.adapters.twilio_signature import Pairs, signed
from tocsin_intake.integrations import Hotline
from tocsin_intake.schemas import ComplaintSubmission, IntegrationDefaults

Header = dict[str, str]
HOTLINE = Hotline(uuid4(), "twilio", IntegrationDefaults())
FORM = "application/x-www-form-urlencoded"


def translated(form: Any) -> Translation:
    return twilio.translate(HOTLINE, Payload(body=urlencode(form).encode(), content_type=FORM))


def the_complaint(form: Any) -> ComplaintSubmission:
    found = translated(form)
    [complaint] = [*found.complaints, *(one.alone for one in found.changes)]
    assert complaint
    return complaint


async def complaints(database: Database) -> int | None:
    async with database.begin() as tx:
        return (await tx.execute(text("select count(*) from complaint"))).scalar()


def test_the_published_vectors_are_verified_and_none_with_a_byte_changed(real_data: Path) -> None:
    vectors = json.loads((real_data / "webhooks/signature_vectors.json").read_text())["twilio"]
    token, url = vectors["auth_token"], vectors["url"]
    repeated, in_json = vectors["duplicate_values"], vectors["json_body"]
    body = in_json["body"].encode()
    cases: list[tuple[str, Pairs, bytes, str]] = [
        (url, tuple(vectors["params"].items()), b"-", vectors["signature"]),
        (url, tuple(parse_qsl(repeated["query"])), b"-", repeated["signature"]),
        (in_json["url"], (), body, in_json["signature"]),
    ]
    for where, pairs, sent, signature in cases:
        assert signed(token, where, pairs, sent, signature)
        assert signed(token, where.replace(".com/", ".com:443/"), pairs, sent, signature)
        assert not signed("another", where, pairs, sent, signature)
        assert not signed(token, where + "&x=", pairs, sent, signature)
        for at in range(len(signature)):
            changed = signature[:at] + chr(ord(signature[at]) ^ 1) + signature[at + 1 :]
            assert not signed(token, where, pairs, sent, changed)
        for at, (name, value) in enumerate(pairs):
            others = (*pairs[:at], (name, value + "0"), *pairs[at + 1 :])
            assert not signed(token, where, others, sent, signature)
    for at in range(len(body)):
        changed_body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        assert not signed(token, in_json["url"], (), changed_body, in_json["signature"])


def test_a_signature_with_the_port_is_as_good_as_one_without() -> None:
    form = an_sms()
    pairs = tuple(form.items())
    for written, seen in (("https://a.example/x", "https://a.example:443/x"),
                          ("https://a.example:8443/x", "https://a.example:8443/x"),
                          ("https://a.example/x", "https://a.example:8443/x"),
                          ("http://a.example:80/x", "http://a.example/x")):  # fmt: skip
        assert signed(AUTH_TOKEN, seen, pairs, b"-", twilio_signature(written, form))
    assert not signed(AUTH_TOKEN, "https://b.example/x", pairs, b"-",
                      twilio_signature("https://a.example/x", form))  # fmt: skip


def test_a_body_that_no_hash_vouches_for_is_refused() -> None:
    url = "https://a.example/x"

    assert not signed(AUTH_TOKEN, url, (), b'{"a": 1}', twilio_signature(url, {}))


def test_a_message_is_words_and_a_number() -> None:
    complaint = the_complaint(an_sms())

    assert complaint.words == "No pay since March."
    assert complaint.channel == "sms"
    assert complaint.source
    assert (complaint.source.kind, complaint.source.handle) == ("phone", "+84000000003")


@pytest.mark.parametrize(
    ("sender", "source"),
    [
        ({"From": "whatsapp:+84000000003"}, ("phone", "+84000000003")),
        ({"From": "messenger:4477"}, ("messenger_user", "4477")),
        ({"From": "", "ExternalUserId": "whatsapp:US.1234"}, ("whatsapp_user", "US.1234")),
        ({"From": "anonymous"}, None),
        ({"From": "+266696687"}, None),
        ({"From": ""}, None),
    ],
)
def test_whoever_writes_is_a_source_unless_hidden(sender: Any, source: Any) -> None:
    found = the_complaint(an_sms(**sender)).source

    assert (found and (found.kind, found.handle)) == source


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (an_sms(Body="", ButtonText="Unsafe", ButtonPayload="u"), "Unsafe"),
        (an_sms(Body="", ListTitle="Wages", ListId="w"), "Wages"),
        (an_sms(Body="", Latitude="1.5", Longitude="2", Label="G"), "[location: G, 1.5, 2]"),
        (a_call(SpeechResult="No breaks.", Confidence="0.9"), "No breaks."),
        (a_call(Digits="12"), "[keys pressed: 12]"),
        (a_call(TranscriptionText="Locked doors."), "Locked doors."),
        (a_call(CallStatus="completed", RecordingUrl="https://a.example/1"), "[voice recording]"),
        (a_call(RecordingUrl="https://a.example/1", Digits="hangup"), "[voice recording]"),
        (a_call(RecordingStatus="completed", RecordingUrl="https://a.example/1"),
         "[voice recording]"),
        (an_sms(Body="", MessageType="interactive", InteractiveData='{"q": "Heat"}'),
         '{"q": "Heat"}'),
        (an_sms(Body="", From="whatsapp:+84000000003", Latitude="1.5", Longitude="2", Address="A"),
         "[location: A, 1.5, 2]"),
        (an_sms(MessagingServiceSid="MG1", NumSegments="2", Body="Heat."), "Heat."),
    ],
)  # fmt: skip
def test_what_is_not_typed_says_something_too(form: Any, words: str) -> None:
    assert the_complaint(form).words == words


def test_media_is_kept_by_address() -> None:
    form = an_sms(
        Body="", NumMedia="2", MediaUrl0="https://api.example/M1", MediaContentType0="image/jpeg",
        MediaUrl1="https://api.example/M2", MediaContentType1="audio/ogg",
    )  # fmt: skip

    media = the_complaint(form).media

    assert [(one.kind, one.reference) for one in media] == [
        ("image", "https://api.example/M1"),
        ("audio", "https://api.example/M2"),
    ]


def test_ten_media_are_ten_and_a_strange_type_is_a_file() -> None:
    many = {f"MediaUrl{number}": f"https://api.example/M{number}" for number in range(10)}
    many["MediaContentType3"] = "x" * 1000
    many["MediaContentType4"] = "Text/X-VCard"

    media = the_complaint(an_sms(Body="", NumMedia="10", **many)).media

    assert [one.reference[-2:] for one in media] == [f"M{number}" for number in range(10)]
    assert {one.kind for one in media} == {"file"}


@pytest.mark.parametrize(
    "form",
    [
        an_sms(SmsStatus="delivered", MessageStatus="delivered"),
        an_sms(SmsStatus="sent"),
        an_sms(Body="STOP", OptOutType="STOP"),
        a_call(CallStatus="completed"),
        a_call(CallStatus="no-answer"),
        a_call(RecordingStatus="absent"),
        a_call(RecordingStatus="in-progress", RecordingUrl="https://api.example/RE1"),
        a_call(TranscriptionStatus="failed", RecordingUrl="https://api.example/RE1"),
    ],
)
def test_how_others_fared_is_no_complaint(form: Any) -> None:
    assert translated(form) == Translation()


@pytest.mark.parametrize("form", [{}, {"Hologram": "1"}, an_sms(Body=""), {"Body": "words alone"}])
def test_what_is_not_known_is_set_aside(form: Any) -> None:
    found = translated(form)

    assert [one.reason for one in found.unknown] == ["unknown_form"]


async def test_the_answer_to_a_message_carries_the_receipt(
    intake: Client, operator: Header
) -> None:
    system = SYSTEMS["twilio"]["twilio"] | {"answer": "Số của bạn <số>: {receipt}"}
    line = await register(intake, operator, "twilio", twilio=system)

    answer = await line.send(an_sms())

    assert answer.content_type == "text/xml"
    assert "<Response><Message>Số của bạn &lt;số&gt;: " in answer.text
    assert len(answer.text.split(": ")[1].split("<")[0].replace(" ", "")) == 16
    status = await line.send(an_sms(SmsStatus="delivered"))
    assert status.text.endswith("<Response></Response>")


async def test_a_caller_is_greeted_recorded_and_told_the_receipt_digit_by_digit(
    intake: Client, operator: Header, database: Database
) -> None:
    system = SYSTEMS["twilio"]["twilio"] | {"greeting": "Speak now.", "language": "en-GB"}
    line = await register(intake, operator, "twilio", twilio=system)

    rings = await line.send(a_call(CallStatus="ringing"))
    spoke = await line.send(a_call(RecordingUrl="https://api.example/RE1", Digits=""))

    assert '<Say language="en-GB">Speak now.</Say><Record' in rings.text
    said = spoke.text.split('<Say language="en-GB">')[1].split("<")[0]
    assert len(said.replace(" ", "").replace(",", "")) == 16
    assert spoke.text.count("<Say") == 2
    assert await complaints(database) == 1


async def test_nobody_is_recorded_where_the_hotline_did_not_say_so(
    intake: Client, operator: Header, database: Database
) -> None:
    line = await register(intake, operator, "twilio")

    rings = await line.send(a_call(CallStatus="ringing"))

    assert rings.text.endswith("<Response></Response>")
    assert await complaints(database) == 0


async def post_json(line: Line, body: bytes) -> Any:
    query = f"?bodySHA256={sha256(body).hexdigest()}"
    signature = twilio_signature(PUBLIC_URL + line.path + query, {})
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/json"}
    return await line.intake.post(line.path + query, data=body, headers=headers)


async def test_json_bodies_are_taken_by_their_hash(
    intake: Client, operator: Header, database: Database
) -> None:
    line = await register(intake, operator, "twilio")

    assert (await post_json(line, json.dumps(an_sms()).encode())).status == 200
    assert await complaints(database) == 1
    for hostile in (
        b"",
        b"[" * 100_000,
        b'{"a":1,"a":2}',
        b"\xff",
        b'{"a":' + b"1" * 900_000 + b"}",
    ):
        assert (await post_json(line, hostile)).status == 400
    assert await complaints(database) == 1


async def test_a_form_with_too_many_fields_is_refused(intake: Client, operator: Header) -> None:
    line = await register(intake, operator, "twilio")

    answer = await line.send({f"Field{number}": "x" for number in range(400)})

    assert answer.status == 400
