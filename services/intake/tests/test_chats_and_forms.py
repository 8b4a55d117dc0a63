"""What RapidPro, KoboToolbox and Telegram send becomes complaints."""

import base64
import json
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from systems import SYSTEMS, a_chat, a_run, a_submission, register

from tocsin_common.group_commit import GroupCommit
from tocsin_common.testing import serving
from tocsin_common.testing.http import Client
from tocsin_contracts.events.complaints import Headcount
from tocsin_intake.acceptance.storing import store_complaints
from tocsin_intake.adapters import kobo, rapidpro, telegram
from tocsin_intake.adapters.payloads import Payload, Translation
from tocsin_intake.app import create_app
from tocsin_intake.integrations import Hotline
from tocsin_intake.integrations.systems import Flow, Survey, System
from tocsin_intake.schemas import Attestation, ComplaintSubmission, IntegrationDefaults
from tocsin_intake.settings import Settings

Header = dict[str, str]


def translated(module: Any, body: Any, **system: Any) -> Translation:
    systems = (System(**system),)
    hotline = Hotline(uuid4(), module.NAME, IntegrationDefaults(), systems)
    return module.translate(hotline, Payload(body=json.dumps(body).encode()))


def the_complaint(module: Any, body: Any, **system: Any) -> ComplaintSubmission:
    found = translated(module, body, **system)
    [complaint] = [*found.complaints, *(one.alone for one in found.changes)]
    assert complaint
    return complaint


def test_a_flows_results_fill_the_fields_they_are_named_after() -> None:
    complaint = the_complaint(rapidpro, a_run())

    assert complaint.words == "Locked fire exits."
    assert complaint.facility.name == "Silver Heron Assembly"
    assert complaint.consent.share == "given"
    assert complaint.language == "vi"
    assert complaint.external_ref == "r1:n2"
    assert complaint.source
    assert (complaint.source.kind, complaint.source.handle) == ("phone", "+84000000004")


def test_a_flow_with_names_of_its_own_is_mapped_by_the_integrations_fields() -> None:
    body = a_run(results={"q1": {"value": "Excessive heat."}, "q2": {"value": "Heron"}})
    fields = Flow(fields={"words": "q1", "facility_name": "q2"})

    complaint = the_complaint(rapidpro, body, rapidpro=fields)

    assert (complaint.words, complaint.facility.name) == ("Excessive heat.", "Heron")


def test_without_words_the_flows_input_or_all_its_answers_are_the_words() -> None:
    typed = a_run(
        results={}, input={"text": "They hit us.", "attachments": ["image/jpeg:https://a/1"]}
    )
    silent = a_run(results={"q1": {"value": "heat"}, "q2": {"input": "nights"}}, input=None)

    complaint = the_complaint(rapidpro, typed)

    assert complaint.words == "They hit us."
    assert [(one.kind, one.reference) for one in complaint.media] == [("image", "https://a/1")]
    assert the_complaint(rapidpro, silent).words == "q1: heat\nq2: nights"


def test_a_fact_is_what_the_flow_understood_and_words_are_what_was_typed() -> None:
    results = {
        "words": {"value": "1", "category": "Has text", "input": "1 exit for 300 people"},
        "share": {"value": "ok then", "category": "Yes", "input": "ok then"},
        "workers_affected": {"value": "300", "category": "Has number", "input": "300 of us"},
    }

    complaint = the_complaint(rapidpro, a_run(results=results))

    assert complaint.words == "1 exit for 300 people"
    assert complaint.consent.share == "given"
    assert complaint.workers_affected == "100-999"


@pytest.mark.parametrize(
    ("urn", "source"),
    [
        ({"scheme": "tel", "path": "+84000000004", "display": "x"}, ("phone", "+84000000004")),
        ({"scheme": "telegram", "path": "777"}, ("telegram", "777")),
        (None, ("rapidpro", "c1")),
    ],
)
def test_where_the_contact_has_no_urn_its_message_or_its_id_says_who_wrote(
    urn: Any, source: Any
) -> None:
    body = a_run(contact={"uuid": "c1", "name": "Ngan", "urn": None}, input={"urn": urn})

    found = the_complaint(rapidpro, body).source

    assert found
    assert (found.kind, found.handle) == source


def test_the_body_that_the_editor_proposes_is_known_by_what_it_says_and_the_day() -> None:
    proposed = {
        "contact": {"uuid": "c1", "name": "Ngan", "urn": "tel:+84000000004"},
        "flow": {"uuid": "f1", "name": "Report"},
        "results": {"words": {"value": "No pay.", "category": "All Responses"}},
    }
    raw = json.dumps(proposed).encode()
    hotline = Hotline(uuid4(), rapidpro.NAME, IntegrationDefaults())

    def reference(day: date) -> str | None:
        payload = Payload(body=raw, received_on=day)
        return rapidpro.translate(hotline, payload).complaints[0].external_ref

    assert reference(date(2031, 1, 1)) == reference(date(2031, 1, 1))
    assert reference(date(2031, 1, 1)) != reference(date(2031, 1, 2))


def an_old_form(**changes: str) -> bytes:
    values = [
        {"label": "Words", "text": "Locked exits.", "value": "Locked exits.", "category": "All"},
        {"label": "Facility Name", "text": "heron", "value": "Heron", "rule_value": "Heron",
         "category": {"base": "Heron"}},
        {"label": "Share", "text": "yes ok", "value": "yes ok", "category": {"eng": "Yes"}},
    ]  # fmt: skip
    form = {
        "relayer": "-1", "channel": "5", "flow": "7", "run": "4711", "step": "n2",
        "phone": "+84000000004", "contact": "c1", "text": "yes ok", "time": "2018-01-01T00:00:00Z",
        "values": json.dumps(values),
    }  # fmt: skip
    return urlencode(form | changes).encode()


def test_the_form_of_older_flows_says_the_same() -> None:
    hotline = Hotline(uuid4(), rapidpro.NAME, IntegrationDefaults())
    kind = "application/x-www-form-urlencoded"
    [complaint] = rapidpro.translate(
        hotline, Payload(body=an_old_form(attachments="https://a/1"), content_type=kind)
    ).complaints

    assert complaint.words == "Locked exits."
    assert complaint.facility.name == "Heron"
    assert complaint.consent.share == "given"
    assert complaint.external_ref == "4711:n2"
    assert [one.reference for one in complaint.media] == ["https://a/1"]
    assert complaint.source
    assert (complaint.source.kind, complaint.source.handle) == ("phone", "+84000000004")


async def test_the_form_of_older_flows_is_taken_and_a_broken_one_is_refused(
    intake: Client, operator: Header
) -> None:
    line = await register(intake, operator, "rapidpro")
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    assert (await line.send(an_old_form(), form)).json()["receipt"]
    assert (await line.send(an_old_form(values="{"), form)).status == 400
    assert (await line.send(b"&".join([b"a=1"] * 400), form)).status == 400
    assert (await line.send(b"a=1", form)).json()["receipt"] is None


@pytest.mark.parametrize(
    "body", [{}, [], "x", a_run(results={}, input=None), {"run": {"uuid": "r"}}]
)
def test_a_flow_that_says_nothing_is_set_aside(body: Any) -> None:
    assert [one.reason for one in translated(rapidpro, body).unknown] == ["nothing_said"]


async def test_the_flow_is_answered_with_what_it_may_text_on(
    intake: Client, operator: Header
) -> None:
    flow = {"answer": "Cảm ơn. {receipt}"}
    line = await register(intake, operator, "rapidpro", rapidpro=flow)

    answer = (await line.send(a_run())).json()
    nothing = (await line.send({})).json()

    assert answer["message"] == f"Cảm ơn. {answer['receipt']}"
    assert len(answer["reference"]) == 36
    assert nothing == {"reference": None, "receipt": None, "message": ""}


def test_a_submissions_questions_fill_fields_and_what_the_form_notes_itself_is_left_out() -> None:
    complaint = the_complaint(kobo, a_submission())

    assert complaint.words == "They keep our passports."
    assert complaint.issues == ("forced_labour.retention_of_documents",)
    assert complaint.external_ref == "6f9c1a52-6d8b-4b5c-9d7a-0f0b1a2c3d4e"
    assert "enumerator" not in complaint.model_dump_json()


def test_a_form_without_our_names_is_mapped_or_kept_as_its_answers() -> None:
    body = {
        "_uuid": "u1", "q1": "heat", "group1/q2": "Heron", "start": "2031-01-01",
        "repeat": [{"repeat/q3": "a"}, {"repeat/q3": "b"}],
        "_attachments": [{"download_url": "https://kobo.example/1.jpg", "mimetype": "image/jpeg"}],
    }  # fmt: skip
    fields = Survey(fields={"words": "q1", "facility_name": "group1/q2"})

    mapped = the_complaint(kobo, body, kobo=fields)
    plain = the_complaint(kobo, body)

    assert (mapped.words, mapped.facility.name) == ("heat", "Heron")
    said = "q1: heat\ngroup1/q2: Heron\nrepeat/q3 [1]: a\nrepeat/q3 [2]: b"
    assert plain.words == said
    assert [one.reference for one in plain.media] == ["https://kobo.example/1.jpg"]


def test_a_hotline_attests_only_where_its_operator_said_that_it_does() -> None:
    body = {"_uuid": "u1", "words": "heat", "genuine": "yes", "office/members": "40"}
    office = {"genuine": "genuine", "members": "office/members"}
    results = {"words": {"value": "heat"}, "genuine": {"value": "yes"}, "n": {"value": "40"}}

    by_anybody = the_complaint(kobo, body)
    by_the_office = the_complaint(kobo, body, kobo=Survey(fields=office))
    flow = the_complaint(rapidpro, a_run(results=results))
    named = Flow(fields={"words": "words", "genuine": "genuine", "members": "n"})
    mapped = the_complaint(rapidpro, a_run(results=results), rapidpro=named)

    assert by_anybody.attestation == flow.attestation == Attestation()
    assert by_anybody.words == "heat\ngenuine: yes\nmembers: 40"
    for one in (by_the_office, mapped):
        assert one.attestation == Attestation(genuine=True, members=Headcount.TENS)


def test_a_form_as_kobo_posts_it_leaves_out_what_is_not_an_answer() -> None:
    body: dict[str, Any] = {
        "_id": 7, "formhub/uuid": "f", "__version__": "v1", "meta/instanceID": "uuid:u1",
        "meta/rootUuid": "uuid:u1", "meta/instanceName": "CANARY", "_xform_id_string": "a1",
        "_uuid": "u1", "_status": "submitted_via_web", "_geolocation": [None, None],
        "_submission_time": "2031-01-01T00:00:00", "_tags": [], "_notes": [],
        "_validation_status": {}, "_submitted_by": "CANARY", "start": "2031-01-01",
        "grp/phonenumber": "CANARY", "issues": "wages.unpaid hours.excessive_overtime",
        "grp/q1": "heat nights", "grp/place": "1.5 2.5 0 0",
        "grp/crew": [{"grp/crew/age": "17", "grp/crew/tools": [{"grp/crew/tools/t": "saw"}]}],
        "_attachments": [
            {"download_url": "https://k/1", "mimetype": "audio/mp4", "filename": "CANARY.m4a"},
            {"download_url": "https://k/2", "mimetype": "image/png", "is_deleted": True},
        ],
    }  # fmt: skip

    complaint = the_complaint(kobo, body)

    assert complaint.words == (
        "grp/q1: heat nights\ngrp/place: 1.5 2.5 0 0\ngrp/crew/age [1]: 17\n"
        "grp/crew/tools/t [1] [1]: saw"
    )
    assert complaint.issues == ("wages.unpaid", "hours.excessive_overtime")
    assert [one.kind for one in complaint.media] == ["audio"]
    assert "CANARY" not in complaint.model_dump_json()


@pytest.mark.parametrize(
    ("meta", "of"),
    [
        ({"meta/rootUuid": "uuid:u1", "meta/deprecatedID": "uuid:u2"}, "u1"),
        ({"meta/deprecatedID": "uuid:u2"}, "u2"),
        ({"meta/rootUuid": "uuid:u3", "meta/instanceID": "uuid:u3"}, "u3"),
        ({"meta/instanceID": "uuid:u3"}, "u3"),
    ],
)
def test_an_edited_form_changes_the_one_it_replaces(meta: Any, of: str) -> None:
    [change] = translated(kobo, a_submission(_uuid="u3", **meta)).changes

    assert (change.of, change.own) == (of, "u3")
    assert bool(change.words) == (of != "u3"), "the same form again says nothing more"


def test_a_form_without_an_id_is_known_by_all_that_it_says() -> None:
    body = {"report/words": "Heat.", "report/nights": "7"}

    [complaint] = translated(kobo, body).complaints
    [other] = translated(kobo, body | {"report/nights": "6"}).complaints

    assert complaint.external_ref
    assert complaint.external_ref != other.external_ref


def test_only_the_questions_that_are_named_are_taken() -> None:
    body = {
        "_uuid": "u1", "q1": "heat", "q11": "CANARY", "name": "CANARY",
        "group1/q2": "nights", "group1/sub/q3": "seven", "crew": [{"crew/age": "17"}],
    }  # fmt: skip
    survey = Survey(only=("q1", "group1", "crew/age"))

    complaint = the_complaint(kobo, body, kobo=survey)

    assert complaint.words == (
        "q1: heat\ngroup1/q2: nights\ngroup1/sub/q3: seven\ncrew/age [1]: 17"
    )


def test_xml_and_empty_submissions_are_set_aside() -> None:
    hotline = Hotline(uuid4(), kobo.NAME, IntegrationDefaults())
    xml = kobo.translate(hotline, Payload(body=b"<data id='x'/>"))

    assert [one.reason for one in xml.unknown] == ["xml"]
    assert [one.reason for one in translated(kobo, {"_uuid": "u"}).unknown] == ["nothing_said"]


async def test_kobo_may_show_the_key_as_a_basic_password(intake: Client, operator: Header) -> None:
    line = await register(intake, operator, "kobo")

    def basic(password: str) -> Header:
        return {"Authorization": "Basic " + base64.b64encode(f"u:{password}".encode()).decode()}

    assert (await line.send(a_submission(), basic(line.key))).status == 200
    assert (await line.send(a_submission(), basic("tcs_live_guess"))).status == 401
    assert (await line.send(a_submission(), {"Authorization": "Basic %%%"})).status == 401


async def test_kobo_is_told_503_and_when_to_come_back_while_load_is_shed(
    settings: Settings, database: Any, streams: Any, operator: Header
) -> None:
    app = create_app(settings=settings)
    async with serving(app) as intake:
        line = await register(intake, operator, "kobo")
        full = GroupCommit(database.begin, store_complaints, waiting=0)
        app.state.accepting._storing = full

        answer = await line.send(a_submission())

    assert answer.status == 503
    assert answer.headers["Retry-After"]


def test_a_chat_message_is_words_by_an_account_without_its_name() -> None:
    complaint = the_complaint(telegram, a_chat())

    assert complaint.words == "ไม่ได้ค่าล่วงเวลา"
    assert complaint.language == "th"
    assert complaint.external_ref == "777:5:1930000000"
    assert complaint.source
    assert (complaint.source.kind, complaint.source.handle) == ("telegram", "777")
    assert "Somchai" not in complaint.model_dump_json()


def a_message(**changes: Any) -> Any:
    base = a_chat()["message"]
    del base["text"]
    return base | changes


@pytest.mark.parametrize("kind", ["message", "business_message"])
def test_every_way_to_write_counts(kind: str) -> None:
    assert the_complaint(telegram, {"update_id": 1, kind: a_message(text="Heat.")}).words == "Heat."


@pytest.mark.parametrize("kind", ["edited_message", "edited_business_message"])
def test_an_edited_message_changes_the_one_it_was(kind: str) -> None:
    edited = a_message(text="Heat.", edit_date=1930000100)

    [change] = translated(telegram, {"update_id": 2, kind: edited}).changes

    was = the_complaint(telegram, {"update_id": 1, "message": a_message(text="Het.")})
    assert (change.of, change.own, change.words) == (was.external_ref, "2", "Heat.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"photo": [{"file_id": "s"}, {"file_id": "L"}], "caption": "The exit."}, "The exit."),
        ({"photo": [{"file_id": "s"}, {"file_id": "L"}]}, "[Telegram: image]"),
        ({"voice": {"file_id": "L", "mime_type": "audio/ogg"}}, "[Telegram: voice]"),
        ({"document": {"file_id": "L", "file_name": "CANARY.pdf"}}, "[Telegram: document]"),
        ({"location": {"latitude": 1.5, "longitude": 2.5}}, "[location: 1.5, 2.5]"),
        (
            {"venue": {"title": "Gate", "location": {"latitude": 1.5, "longitude": 2.5}}},
            "[location: Gate, 1.5, 2.5]",
        ),
        ({"contact": {"first_name": "A", "phone_number": "+1"}}, "[contact: A, +1]"),
        ({"poll": {"question": "Strike?"}}, "[poll: Strike?]"),
        (
            {"checklist": {"title": "Missing", "tasks": [{"text": "gloves"}, {"text": "fans"}]}},
            "[checklist: Missing, gloves, fans]",
        ),
        ({"audio": {"file_id": "L", "file_name": "CANARY.mp3"}}, "[Telegram: audio]"),
        ({"video": {"file_id": "L"}, "caption": "The exit."}, "The exit."),
        ({"video_note": {"file_id": "L", "length": 240}}, "[Telegram: video_note]"),
        ({"animation": {"file_id": "L"}, "document": {"file_id": "D"}}, "[Telegram: animation]"),
        ({"sticker": {"file_id": "L", "emoji": "😢"}}, "[Telegram: sticker]"),
        ({"photo": [{"file_id": "L"}], "media_group_id": "1"}, "[Telegram: image]"),
    ],
)
def test_what_is_not_typed_says_something_too(content: Any, words: str) -> None:
    complaint = the_complaint(telegram, a_chat(message=a_message(**content)))

    assert complaint.words == words
    assert "CANARY" not in complaint.model_dump_json()
    assert [one.reference for one in complaint.media] == ["L"] * len(complaint.media)
    assert bool(complaint.media) == (
        not words.startswith(("[location", "[contact", "[poll", "[check"))
    )


def test_a_pressed_button_is_words() -> None:
    pressed = {"id": "1", "from": {"id": 777}, "data": "unsafe"}

    assert the_complaint(telegram, {"update_id": 1, "callback_query": pressed}).words == "unsafe"


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 1, "message": a_message(text="/start")},
        {"update_id": 1, "message": a_message(new_chat_members=[{"id": 1}])},
        {"update_id": 1, "message": a_message(text="x", **{"from": {"id": 1, "is_bot": True}})},
        {"update_id": 1, "my_chat_member": {"chat": {"id": 1}}},
        {"update_id": 1, "message_reaction": {}},
        {"update_id": 1, "channel_post": a_message(text="news")},
        {"update_id": 1, "edited_channel_post": a_message(text="news")},
        {"update_id": 1, "message": a_message(text="/help@hotline_bot")},
        {"update_id": 1, "message": a_message(pinned_message={"message_id": 3})},
        {"update_id": 1, "poll_answer": {"poll_id": "1"}},
    ],
)
def test_what_is_about_the_chat_is_no_complaint(update: Any) -> None:
    assert translated(telegram, update) == Translation()


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        ({"update_id": 1, "hologram": {}}, "unknown_update"),
        ({"update_id": 1, "message": a_message(hologram={})}, "unknown_message"),
        ({"update_id": 1, "message": a_message(dice={"emoji": "🎲"})}, "unknown_message"),
        ({"update_id": 1, "message": a_message(text="x", chat={"id": 1, "type": "supergroup"})},
         "not_a_private_chat"),
        ({"update_id": 1, "message": a_message(text="x", chat={"id": 1, "type": "group"})},
         "not_a_private_chat"),
        ({"update_id": 1, "callback_query": {"id": "1"}}, "button_without_data"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_set_aside(update: Any, reason: str) -> None:
    assert [one.reason for one in translated(telegram, update).unknown] == [reason]


async def test_the_receipt_goes_back_into_the_chat_where_the_hotline_wants_that(
    intake: Client, operator: Header
) -> None:
    system = SYSTEMS["telegram"]["telegram"] | {"answer": "{receipt}"}
    talking = await register(intake, operator, "telegram", telegram=system)
    silent = await register(intake, operator, "telegram")

    answer = (await talking.send(a_chat())).json()

    assert (answer["method"], answer["chat_id"]) == ("sendMessage", "777")
    assert len(answer["text"].replace(" ", "")) == 16
    assert (await silent.send(a_chat())).json() == {}
