"""WhatsApp's updates become complaints."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from systems import a_message, an_update, register

from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_intake.adapters import whatsapp_cloud
from tocsin_intake.adapters.payloads import Payload, Translation
from tocsin_intake.adapters.reading import Malformed
from tocsin_intake.integrations import Hotline
from tocsin_intake.schemas import Attestation, ComplaintSubmission, IntegrationDefaults

HOTLINE = Hotline(uuid4(), "whatsapp_cloud", IntegrationDefaults())


def translated(update: Any) -> Translation:
    body = update if isinstance(update, bytes) else json.dumps(update).encode()
    return whatsapp_cloud.translate(HOTLINE, Payload(body=body))


def the_complaint(**message: Any) -> ComplaintSubmission:
    [complaint] = translated(an_update(a_message(**message))).complaints
    return complaint


@pytest_asyncio.fixture(loop_scope="session")
async def webhook(intake: Client, operator: dict[str, str]) -> str:
    """The address a WhatsApp integration's updates are posted to."""
    return (await register(intake, operator, "whatsapp_cloud")).path


def test_the_published_signature_vector_is_verified_and_a_changed_byte_is_not(
    real_data: Path,
) -> None:
    vector = json.loads((real_data / "webhooks/signature_vectors.json").read_text())[
        "x_hub_signature_256"
    ]
    body, header, secret = vector["body"].encode(), vector["header"], vector["app_secret"]

    assert whatsapp_cloud.signed(secret, body, header)
    for at in range(len(body)):
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        assert not whatsapp_cloud.signed(secret, changed, header)
    for at in range(len(header)):
        changed = header[:at] + chr(ord(header[at]) ^ 1) + header[at + 1 :]
        assert not whatsapp_cloud.signed(secret, body, changed)
    assert not whatsapp_cloud.signed("another", body, header)


def test_a_text_is_the_words_and_the_number_is_the_source() -> None:
    complaint = the_complaint()

    assert complaint.words == "Họ giữ hộ chiếu của chúng tôi."
    assert complaint.external_ref == "wamid.GARISH-RUG"
    assert complaint.source
    assert (complaint.source.kind, complaint.source.handle) == ("phone", "84000000002")


def test_a_sender_without_a_number_is_a_source_too() -> None:
    message = a_message(from_user_id="VN.1234")
    del message["from"]

    [complaint] = translated(an_update(message)).complaints

    assert complaint.source
    assert (complaint.source.kind, complaint.source.handle) == ("whatsapp_user", "VN.1234")


def a_form(answer: Any) -> Any:
    reply = {"type": "nfm_reply", "nfm_reply": {"response_json": json.dumps(answer)}}
    return {"type": "interactive", "interactive": reply}


def test_a_form_fills_the_fields_of_the_same_names() -> None:
    answer = {
        "words": "Bảy ngày một tuần.",
        "facility_name": "Silver Heron Assembly",
        "facility_country": "VN",
        "issues": ["hours.excessive_overtime"],
        "share": "given",
        "flow_token": "unused",
    }

    complaint = the_complaint(**a_form(answer))

    assert complaint.words == "Bảy ngày một tuần."
    assert complaint.facility.name == "Silver Heron Assembly"
    assert complaint.issues == ("hours.excessive_overtime",)
    assert complaint.consent.share == "given"


def test_a_field_that_does_not_fit_is_not_lost_with_its_form() -> None:
    answer = {"words": "No pay.", "facility_country": "Viet Nam", "happened_on": "last May"}

    complaint = the_complaint(**a_form(answer))

    assert complaint.facility.country is None
    assert "last May" in complaint.words
    assert "Viet Nam" in complaint.words
    assert complaint.words.startswith("No pay.")


def test_nobody_attests_to_themselves_by_sending_more_than_a_form_asks_for() -> None:
    answer = {
        "words": "No pay.", "relation": "representative", "share": "given",
        "genuine": True, "members": "1000+", "attestation_reference": "anybody",
    }  # fmt: skip

    complaint = the_complaint(**a_form(answer))

    assert complaint.attestation == Attestation()
    assert "members: 1000+" in complaint.words


def test_a_form_that_is_not_ours_is_kept_as_words() -> None:
    complaint = the_complaint(**a_form({"screen_0": "Excessive heat"}))

    assert "Excessive heat" in complaint.words


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"type": "button", "button": {"text": "Unsafe", "payload": "u"}}, "Unsafe"),
        (
            {
                "type": "interactive",
                "interactive": {
                    "type": "button_reply",
                    "button_reply": {"id": "1", "title": "Yes"},
                },
            },
            "Yes",
        ),
        (
            {
                "type": "interactive",
                "interactive": {"type": "list_reply", "list_reply": {"id": "1", "title": "Wages"}},
            },
            "Wages",
        ),
        (
            {"type": "location", "location": {"latitude": 1.5, "longitude": 2.5, "name": "Gate 4"}},
            "[location: Gate 4, 1.5, 2.5]",
        ),
        (
            {
                "type": "contacts",
                "contacts": [{"name": {"formatted_name": "A. B."}, "phones": [{"phone": "+1"}]}],
            },
            "[contact: A. B. +1]",
        ),
        ({"type": "order", "order": {"text": "Gloves", "product_items": []}}, "[order: Gloves]"),
        (
            {"type": "location", "location": {"latitude": 1.5, "longitude": 2.5}},
            "[location: 1.5, 2.5]",
        ),
    ],
)
def test_what_is_not_typed_says_something_too(message: Any, words: str) -> None:
    assert the_complaint(**message).words == words


@pytest.mark.parametrize("kind", ["image", "video", "audio", "voice", "document", "sticker"])
def test_a_file_is_kept_by_its_id_and_its_caption_is_the_words(kind: str) -> None:
    file = {"id": "991", "mime_type": "x/y", "filename": "CANARY.pdf", "url": "https://fleeting"}

    plain = the_complaint(type=kind, text=None, **{kind: file})
    captioned = the_complaint(type=kind, text=None, **{kind: file | {"caption": "The stairs."}})

    assert plain.words == f"[WhatsApp: {kind}]"
    assert captioned.words == "The stairs."
    [media] = plain.media
    assert (media.kind, media.reference, media.content_type) == (kind, "991", "x/y")
    assert "CANARY" not in plain.model_dump_json()


@pytest.mark.parametrize(
    "message",
    [
        {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "👍"}},
        {"type": "system", "system": {"type": "user_changed_number", "wa_id": "84000000009"}},
        {"type": "system", "system": {"type": "user_changed_user_id", "user_id": "VN.9"}},
        {"type": "request_welcome"},
        {
            "type": "interactive",
            "interactive": {
                "type": "call_permission_reply",
                "call_permission_reply": {"response": "accept"},
            },
        },
    ],
)
def test_what_says_nothing_is_nothing(message: Any) -> None:
    assert translated(an_update(a_message(text=None, **message))) == Translation([], [], [])


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ({"type": "text", "text": {"body": "Corrected."}}, "Corrected."),
        ({"type": "image", "image": {"id": "991", "caption": "Gate 5."}}, "Gate 5."),
    ],
)
def test_an_edit_changes_what_it_names_and_can_stand_alone(inner: Any, words: str) -> None:
    edit = {"original_message_id": "wamid.1", "message": inner}

    found = translated(an_update(a_message(id="wamid.2", type="edit", text=None, edit=edit)))

    [change] = found.changes
    assert (found.complaints, found.unknown) == ([], [])
    assert (change.of, change.own, change.words) == ("wamid.1", "wamid.2", words)
    assert change.alone
    assert change.alone.external_ref == "wamid.1"
    assert change.alone.source


def test_a_deleted_message_is_told_and_never_a_complaint() -> None:
    deleted = a_message(
        id="wamid.2", type="revoke", text=None, revoke={"original_message_id": "wamid.1"}
    )

    [change] = translated(an_update(deleted)).changes

    assert (change.of, change.alone) == ("wamid.1", None)


def test_the_only_contact_says_who_wrote_where_the_message_does_not() -> None:
    message = a_message()
    del message["from"]

    by_number = translated(an_update(message, contacts=[{"wa_id": "84000000002"}]))
    by_account = translated(an_update(message, contacts=[{"user_id": "VN.7", "username": "n"}]))
    unclear = translated(an_update(message, contacts=[{"wa_id": "1"}, {"wa_id": "2"}]))

    sources = [one.complaints[0].source for one in (by_number, by_account, unclear)]
    assert [one and (one.kind, one.handle) for one in sources] == [
        ("phone", "84000000002"),
        ("whatsapp_user", "VN.7"),
        None,
    ]


def test_every_entry_and_change_of_an_update_counts() -> None:
    update = an_update(a_message(id="wamid.1"), a_message(id="wamid.2"))
    update["entry"][0]["changes"] += an_update(a_message(id="wamid.3"))["entry"][0]["changes"]
    update["entry"] += an_update(a_message(id="wamid.4"), errors=[{"code": 130429}])["entry"]

    found = translated(update)

    assert [one.external_ref for one in found.complaints] == [f"wamid.{n}" for n in (1, 2, 3, 4)]
    assert not found.unknown


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            {"type": "unsupported", "errors": [{"code": 131051}], "unsupported": {"type": "pin"}},
            "unsupported_type",
        ),
        ({"group_id": "G1"}, "not_a_private_chat"),
        ({"type": "revoke", "text": None}, "unknown_type"),
        ({"type": "edit", "text": None, "edit": {"message": {"type": "hologram"}}}, "unknown_type"),
        ({"type": "interactive", "text": None}, "unknown_type"),
    ],
)
def test_why_a_message_is_set_aside(message: Any, reason: str) -> None:
    found = translated(an_update(a_message(**message)))

    assert [one.reason for one in found.unknown] == [reason]
    assert not found.complaints


@pytest.mark.parametrize("kind", ["unsupported", "revoke", "hologram", None])
def test_what_is_not_known_is_set_aside_alone_and_can_be_read_again(kind: str | None) -> None:
    strange = a_message(id="wamid.strange", type=kind, text=None)

    found = translated(an_update(a_message(), strange, a_message(id="wamid.2")))

    assert [one.external_ref for one in found.complaints] == ["wamid.GARISH-RUG", "wamid.2"]
    [unknown] = found.unknown
    again = whatsapp_cloud.translate(HOTLINE, unknown.payload)
    assert [one.payload for one in again.unknown] == [unknown.payload]
    assert b"GARISH" not in unknown.payload.body


def test_statuses_and_other_fields_are_no_complaints() -> None:
    update = an_update(statuses=[{"id": "wamid.1", "status": "read"}])
    others: dict[str, Any] = {
        "account_update": {"event": "X"},
        "smb_message_echoes": {"message_echoes": [a_message()]},
        "history": {"history": [{"threads": [{"messages": [a_message()]}]}]},
        "calls": {"calls": [{"id": "wacid.1", "event": "connect"}]},
        "messages": {"errors": [{"code": 130429}]},
    }
    for field, value in others.items():
        update["entry"].append({"changes": [{"field": field, "value": value}]})

    assert translated(update) == Translation([], [], [])


@pytest.mark.parametrize("part", [7, None, [], {"body": 7}, "text", {"body": {"body": "x"}}])
def test_a_message_of_an_unexpected_shape_is_never_an_error(part: Any) -> None:
    found = translated(an_update(a_message(text=part)))

    assert len(found.complaints) + len(found.unknown) == 1


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"object": "\xff"}'])
def test_what_is_no_update_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        translated(body)


async def test_a_batch_is_stored_whole(intake: Client, operator: Any, database: Database) -> None:
    line = await register(intake, operator, "whatsapp_cloud")
    batch = an_update(*(a_message(id=f"wamid.{number}") for number in range(50)))

    assert (await line.send(batch)).json() == {"received": 50}

    async with database.begin() as tx:
        assert (await tx.execute(text("select count(*) from complaint"))).scalar() == 50


async def test_metas_handshake_is_answered_with_its_challenge(intake: Client, webhook: str) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "agreed", "hub.challenge": "1158201444"}

    answer = await intake.get(webhook, params=asked)
    wrong = await intake.get(webhook, params=asked | {"hub.verify_token": "guessed"})

    assert (answer.status, answer.text) == (200, "1158201444")
    assert wrong.status == 401


async def test_a_new_app_secret_overlaps_with_the_old(
    intake: Client, operator: dict[str, str]
) -> None:
    line = await register(intake, operator, "whatsapp_cloud")
    place = f"/v1/admin/integrations/{line.integration_id}"
    new = {"whatsapp_cloud": {"app_secret": "another one", "verify_token": "agreed too"}}

    changed = await intake.request(
        "PUT", f"{place}/system", json=new, headers=operator | {"If-Match": "*"}
    )

    assert changed.status == 200
    handshake = {"hub.mode": "subscribe", "hub.challenge": "1"}

    async def agreed(token: str) -> bool:
        asked = handshake | {"hub.verify_token": token}
        return (await intake.get(line.path, params=asked)).status == 200

    await eventually(lambda: agreed("agreed too"), within=15)
    assert await agreed("agreed")
    assert (await line.send(an_update(a_message()))).status == 200
