"""WhatsApp's updates become complaints."""

import hmac
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.testing.http import Client
from tocsin_intake.adapters import whatsapp_cloud
from tocsin_intake.adapters.whatsapp_cloud import NotAnUpdate, submissions

SECRET = "an invented app secret"


def an_update(*messages: dict[str, Any], **value: Any) -> bytes:
    change = {"field": "messages", "value": {"messages": list(messages), **value}}
    update = {"object": "whatsapp_business_account", "entry": [{"changes": [change]}]}
    return json.dumps(update).encode()


def a_message(**changes: Any) -> dict[str, Any]:
    return {
        "from": "84000000002",
        "id": "wamid.GARISH-RUG",
        "timestamp": "1790000000",
        "type": "text",
        "text": {"body": "Họ giữ hộ chiếu của chúng tôi."},
    } | changes


@pytest_asyncio.fixture(loop_scope="session")
async def webhook(intake: Client, operator: dict[str, str]) -> str:
    """The address a WhatsApp integration's updates are posted to."""
    new = {
        "name": "Night line on WhatsApp",
        "adapter": "whatsapp_cloud",
        "whatsapp_cloud": {"app_secret": SECRET, "verify_token": "agreed"},
    }
    answer = await intake.post("/v1/admin/integrations", json=new, headers=operator)
    integration_id = answer.json()["integration_id"]
    return f"/v1/integrations/{integration_id}/whatsapp-cloud"


async def post(intake: Client, webhook: str, body: bytes, signature: str | None = None) -> int:
    signed = "sha256=" + hmac.new(SECRET.encode(), body, sha256).hexdigest()
    headers = {"X-Hub-Signature-256": signed if signature is None else signature}
    return (await intake.post(webhook, data=body, headers=headers)).status


async def stored(database: Database) -> int | None:
    async with database.begin() as tx:
        return (await tx.execute(text("select count(*) from complaint"))).scalar()


def test_the_published_signature_vector_is_verified_and_a_changed_byte_is_not(
    real_data: Path,
) -> None:
    vector = json.loads((real_data / "webhooks/signature_vectors.json").read_text())[
        "x_hub_signature_256"
    ]
    body, header = vector["body"].encode(), vector["header"]

    assert whatsapp_cloud.signed(vector["app_secret"], body, header)
    assert not whatsapp_cloud.signed(vector["app_secret"], body + b" ", header)
    assert not whatsapp_cloud.signed(vector["app_secret"], body, header[:-1] + "f")
    assert not whatsapp_cloud.signed("another", body, header)


def test_every_real_message_becomes_a_complaint_and_no_status_does(real_data: Path) -> None:
    folder = real_data / "webhooks/whatsapp_cloud"
    messages = json.loads((folder / "message.json").read_text())
    statuses = json.loads((folder / "message_status.json").read_text())

    for payload in messages.values():
        [complaint] = submissions(json.dumps(payload).encode())
        assert complaint.words
        assert complaint.source
    assert all(submissions(json.dumps(payload).encode()) == [] for payload in statuses.values())


def test_a_text_is_the_words_and_the_number_is_the_source() -> None:
    [complaint] = submissions(an_update(a_message()))

    assert complaint.words == "Họ giữ hộ chiếu của chúng tôi."
    assert complaint.source
    assert (complaint.source.kind, complaint.source.handle) == ("phone", "84000000002")


def test_a_sender_without_a_number_is_a_source_too() -> None:
    message = a_message(from_user_id="VN.1234")
    del message["from"]

    [complaint] = submissions(an_update(message))

    assert complaint.source
    assert (complaint.source.kind, complaint.source.handle) == ("whatsapp_user", "VN.1234")


def test_a_form_fills_the_fields_of_the_same_names() -> None:
    answer = {
        "words": "Bảy ngày một tuần.",
        "facility_name": "Silver Heron Assembly",
        "facility_country": "VN",
        "issues": ["hours.excessive_overtime"],
        "share": "given",
    }
    form = {"type": "nfm_reply", "nfm_reply": {"response_json": json.dumps(answer)}}

    [complaint] = submissions(an_update(a_message(type="interactive", interactive=form)))

    assert complaint.facility.name == "Silver Heron Assembly"
    assert complaint.issues == ("hours.excessive_overtime",)
    assert complaint.consent.share == "given"


def test_a_form_that_is_not_ours_is_kept_as_words() -> None:
    form = {"nfm_reply": {"response_json": '{"screen_0": "Excessive heat"}'}}

    [complaint] = submissions(an_update(a_message(type="interactive", interactive=form)))

    assert "Excessive heat" in complaint.words


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b'{"object": 1}', b'{"object": "x", "entry": [{"changes": 7}]}',
     an_update(a_message(text={"body": "x" * 20_001})), b'{"object": "\xff"}'],
)  # fmt: skip
def test_a_hostile_update_is_an_error_and_nothing_else(body: bytes) -> None:
    with pytest.raises(NotAnUpdate):
        submissions(body)


@pytest.mark.parametrize("part", [7, None, [], {"body": 7}, "text", {"body": {"body": "x"}}])
def test_a_message_of_an_unexpected_shape_is_kept_as_what_it_is(part: Any) -> None:
    [complaint] = submissions(an_update(a_message(text=part, type="text")))

    assert complaint.words == "[WhatsApp message: text]"


async def test_an_update_delivered_twice_is_one_complaint(
    intake: Client, webhook: str, database: Database
) -> None:
    body = an_update(a_message())

    assert [await post(intake, webhook, body) for _ in range(2)] == [200, 200]
    assert await stored(database) == 1


async def test_two_messages_under_one_id_are_two_complaints(
    intake: Client, webhook: str, database: Database
) -> None:
    await post(intake, webhook, an_update(a_message()))
    await post(intake, webhook, an_update(a_message(text={"body": "And no overtime pay."})))

    assert await stored(database) == 2


async def test_a_wrong_signature_is_refused_and_stores_nothing(
    intake: Client, webhook: str, database: Database
) -> None:
    body = an_update(a_message())

    for signature in ("", "sha256=", "sha256=" + "0" * 64):
        assert await post(intake, webhook, body, signature) == 401
    assert await stored(database) == 0


async def test_metas_handshake_is_answered_with_its_challenge(intake: Client, webhook: str) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "agreed", "hub.challenge": "1158201444"}

    answer = await intake.get(webhook, params=asked)
    wrong = await intake.get(webhook, params=asked | {"hub.verify_token": "guessed"})

    assert (answer.status, answer.text) == (200, "1158201444")
    assert wrong.status == 401
