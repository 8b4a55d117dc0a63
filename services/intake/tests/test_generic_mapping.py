"""Any JSON, mapped by JMESPath: bounded, signed, and tolerant of what it is given."""

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from systems import SYSTEMS, WHSEC, a_report, register, standard_webhook

from tocsin_common.database import Database
from tocsin_common.testing.http import Client
from tocsin_intake.adapters import generic
from tocsin_intake.adapters.payloads import Payload, Translation
from tocsin_intake.adapters.standard_webhooks import signed
from tocsin_intake.integrations import Hotline
from tocsin_intake.integrations.systems import System
from tocsin_intake.mapping import expressions
from tocsin_intake.mapping.fields import FIELDS, tolerant
from tocsin_intake.schemas import IntegrationDefaults

Header = dict[str, str]
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def translated(body: Any, **settings: Any) -> Translation:
    ours = SYSTEMS["generic"]["generic"] | settings
    system = System.model_validate({"generic": ours})
    hotline = Hotline(uuid4(), "generic", IntegrationDefaults(), (system,))
    payload = Payload(body=json.dumps(body).encode(), message_id="msg_1")
    return generic.translate(hotline, payload)


def test_fields_are_found_where_the_mapping_says() -> None:
    mapping = {
        "words": "join(' ', report.lines)",
        "facility_name": "report.site.name",
        "facility_country": "report.site.country",
        "issues": "report.tags",
        "share": "report.share",
        "workers_affected": "report.people",
        "source": "caller",
        "external_ref": "to_string(id)",
    }
    body = {
        "id": 12,
        "caller": "+84 000 000 005",
        "report": {
            "lines": ["No water.", "No fans."],
            "site": {"name": "Heron", "country": "vn"},
            "tags": ["safety.heat", "not a code"],
            "share": True,
            "people": 40,
        },
    }

    [complaint] = translated(body, mapping=mapping).complaints

    assert complaint.words == "No water. No fans.\nissues: safety.heat, not a code"
    assert (complaint.facility.name, complaint.facility.country) == ("Heron", "VN")
    assert complaint.consent.share == "given"
    assert complaint.workers_affected == "10-99"
    assert complaint.external_ref == "12"
    assert complaint.source
    assert complaint.source.kind == "phone"


def test_one_body_may_hold_several_complaints_each_once() -> None:
    body = {"events": [{"text": "a"}, {"text": "b"}, {"other": 1}]}

    found = translated(body, items="events", mapping={"words": "text"})

    assert [one.words for one in found.complaints] == ["a", "b"]
    assert [one.external_ref for one in found.complaints] == ["msg_1/0", "msg_1/1"]
    assert [one.reason for one in found.unknown] == ["nothing_said"]


def test_what_is_to_be_ignored_is_no_complaint() -> None:
    assert translated({"kind": "ping"}) == Translation()


@pytest.mark.parametrize(
    "expression",
    [
        "a..b", "", "a" * 301, "[[[", "@" * 50,
        "|".join(["[@,@]"] * 12),
        "{a: [@, @], b: {c: @}}",
        ".".join(["a"] * 60),
    ],
)  # fmt: skip
async def test_a_mapping_that_is_no_or_a_huge_expression_is_refused_when_it_is_set(
    intake: Client, operator: Header, expression: str
) -> None:
    ours = SYSTEMS["generic"]["generic"] | {"mapping": {"words": expression}}
    new = {"name": "Line", "adapter": "generic", "generic": ours}

    answer = await intake.post("/v1/admin/integrations", json=new, headers=operator)

    assert answer.status == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/generic/mapping")


async def test_a_field_that_does_not_exist_is_refused(intake: Client, operator: Header) -> None:
    ours = SYSTEMS["generic"]["generic"] | {"mapping": {"name_of_worker": "a"}}
    new = {"name": "Line", "adapter": "generic", "generic": ours}

    answer = await intake.post("/v1/admin/integrations", json=new, headers=operator)

    assert answer.status == 422


@given(
    st.dictionaries(
        st.sampled_from(sorted(FIELDS)),
        st.sampled_from(
            ["a", "a.b", "b[0]", "keys(@)", "sort(@)", "to_number(a)", "length(b)", "@"]
        ),
        min_size=1,
    ),
    anything,
)
def test_no_body_and_no_mapping_make_anything_but_complaints_or_a_payload_set_aside(
    mapping: dict[str, str], body: Any
) -> None:
    found = translated(body, mapping=mapping)

    assert len(found.complaints) + len(found.unknown) <= 1
    for complaint in found.complaints:
        assert complaint.words
        complaint.model_dump_json().encode()


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), anything))
def test_nothing_said_in_a_field_is_lost_only_because_it_does_not_fit(flat: dict[str, Any]) -> None:
    complaint = tolerant(flat | {"words": "Said.", "nature": None})

    assert complaint
    assert complaint.words.startswith("Said.")


@given(st.text(max_size=60))
def test_whatever_is_written_is_an_expression_or_said_to_be_none(written: str) -> None:
    try:
        expressions.check(written)
    except expressions.NotAnExpression:
        return
    expressions.find(written, {"a": [1, {"b": None}]})


def test_the_published_vector_is_verified_and_none_with_a_byte_changed(real_data: Path) -> None:
    vector = json.loads((real_data / "webhooks/signature_vectors.json").read_text())[
        "standard_webhooks"
    ]
    secret, message_id = vector["secret"], vector["webhook-id"]
    at, body = vector["webhook-timestamp"], vector["body"].encode()
    signature = vector["webhook-signature"]
    now = float(at)

    assert signed(secret, message_id, at, body, signature, now)
    assert signed(secret, message_id, at, body, f"v1a,other v1,AAAA {signature}", now + 299)
    assert not signed(secret, message_id, at, body, signature, now + 301)
    assert not signed(secret, message_id, at, body, signature, now - 301)
    assert not signed(secret, message_id + "x", at, body, signature, now)
    assert not signed(secret, message_id, str(int(at) + 1), body, signature, now)
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert not signed(secret, message_id, at, changed, signature, now)
    for place in range(len(signature)):
        changed = signature[:place] + chr(ord(signature[place]) ^ 1) + signature[place + 1 :]
        assert not signed(secret, message_id, at, body, changed, now)


@pytest.mark.parametrize("timestamp", ["", "-1", "1e9", "١٢٣", "9" * 400, "now"])
def test_a_strange_timestamp_is_refused(timestamp: str) -> None:
    assert not signed(WHSEC, "m", timestamp, b"", "v1,x", time.time())


async def test_an_old_signature_is_not_taken_again(intake: Client, operator: Header) -> None:
    line = await register(intake, operator, "generic")
    body = json.dumps(a_report()).encode()

    late = await line.send(body, standard_webhook(body, at=time.time() - 400))

    assert late.status == 401


async def test_trying_a_payload_shows_what_it_would_become_and_stores_nothing(
    intake: Client, operator: Header, database: Database
) -> None:
    line = await register(intake, operator, "generic")
    path = f"/v1/admin/integrations/{line.integration_id}/try"

    tried = await intake.post(path, json=a_report(), headers=operator)
    strange = await intake.post(path, json={"x": 1}, headers=operator)

    [complaint] = tried.json()["complaints"]
    assert complaint["words"] == "Chemical burns."
    assert complaint["facility"]["name"] == "Silver Heron Assembly"
    assert strange.json() == {"complaints": [], "changes": [], "quarantined": ["nothing_said"]}
    assert (await intake.post(path, json={}, headers=intake.with_key(line.key))).status == 401
    async with database.begin() as tx:
        for table in ("complaint", "quarantined", "outbox"):
            assert (await tx.execute(text(f"select count(*) from {table}"))).scalar() == 0  # noqa: S608
