"""A worker comes back with a receipt; a hotline adds words it cannot read."""

import asyncio
import base64
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from builders import a_complaint
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.sealing import seal_to
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_contracts.events.cases import ComplaintAcknowledged, ReplyWritten
from tocsin_contracts.events.complaints import (
    ComplaintReceived,
    ConsentChanged,
    MessageAdded,
    Withdrawn,
)
from tocsin_contracts.ids import new_amber_id
from tocsin_intake import receipts
from tocsin_intake.dialogue import guesses, phrases, schemas, window

Header = dict[str, str]
WAITING_FOR_A_LOCK = """
select count(*) from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'
"""
LANGUAGES = ("en", "zh", "th", "vi", "es", "id")


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "FREE", 10_000)


async def a_receipt(intake: Client, hotline: Header, **changes: Any) -> tuple[str, str]:
    answer = await intake.post("/v1/complaints", json=a_complaint(**changes), headers=hotline)
    assert answer.status == 201, answer
    return answer.json()["receipt"], answer.json()["complaint_id"]


async def use(intake: Client, what: str, receipt: str, **more: Any) -> dict[str, Any]:
    answer = await intake.post(f"/v1/receipts/{what}", json={"receipt": receipt, **more})
    assert answer.status == 200, answer
    assert "Set-Cookie" not in answer.headers
    return answer.json()


async def own_number(intake: Client, receipt: str) -> dict[str, Any]:
    renewed = await use(intake, "renew", receipt)
    return {"receipt": renewed["new_receipt"], "pin": renewed["new_pin"]}


def test_every_sentence_exists_in_every_language() -> None:
    catalogue = phrases.catalogue()

    assert set(catalogue) == set(LANGUAGES)
    assert len({frozenset(sentences) for sentences in catalogue.values()}) == 1
    assert all(sentence for sentences in catalogue.values() for sentence in sentences.values())


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_worker_reads_where_it_stands_in_plain_words(
    intake: Client, hotline: Header, language: str
) -> None:
    receipt, _ = await a_receipt(intake, hotline, language="vi")

    shown = await use(intake, "open", receipt, language=f"{language}-XX")

    assert (shown["known"], shown["status"], shown["language"]) == (True, "received", language)
    assert shown["text"] == phrases.catalogue()[language]["received"]
    assert (await use(intake, "open", receipt))["language"] == "vi"


async def test_a_receipt_is_taken_in_the_digits_of_any_script(
    intake: Client, hotline: Header
) -> None:
    receipt, _ = await a_receipt(intake, hotline)
    thai = receipt.translate(str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")).replace(" ", " – ")

    assert (await use(intake, "open", thai))["known"]


async def test_a_wrong_number_is_answered_in_the_same_shape_size_and_time(
    intake: Client, hotline: Header, no_waiting: None
) -> None:
    receipt, _ = await a_receipt(intake, hotline)

    answers: list[Any] = []
    for number in (receipt, receipts.new()):
        started = time.monotonic()
        answer = await intake.post("/v1/receipts/open", json={"receipt": number, "language": "en"})
        assert time.monotonic() - started >= window.NO_SOONER
        headers = {
            name: value
            for name, value in answer.headers.items()
            if name not in ("X-Request-ID", "Date")
        }
        answers.append((answer.status, len(answer.text.encode()), list(answer.json()), headers))

    assert answers[0] == answers[1]
    assert answers[0][1] % schemas.PAGE == 0


async def test_a_mistyped_number_is_told_and_is_no_guess(intake: Client, hotline: Header) -> None:
    receipt, _ = await a_receipt(intake, hotline)
    wrong = receipt[:-1] + str((int(receipt[-1]) + 1) % 10)

    for _ in range(10):
        answer = await intake.post("/v1/receipts/open", json={"receipt": wrong})
        assert answer.status == 422
        assert wrong not in answer.text
    assert (await use(intake, "open", receipt))["known"]


async def test_guesses_are_slowed_where_they_come_from(intake: Client, hotline: Header) -> None:
    receipt, _ = await a_receipt(intake, hotline)
    for _ in range(guesses.FREE):
        assert not (await use(intake, "open", receipts.new()))["known"]

    slowed = await intake.post("/v1/receipts/open", json={"receipt": receipt})

    assert slowed.status == 429
    assert int(slowed.headers["Retry-After"]) >= 1


async def test_a_shared_receipt_reads_and_writes_nothing_and_widens_nothing(
    intake: Client, hotline: Header, told: Any
) -> None:
    receipt, _ = await a_receipt(intake, hotline, consent={"share": "not_asked"})

    first = await use(intake, "open", receipt)
    assert first["hint"] == phrases.phrase("vi", "own_number_offered")
    for what, more in (
        ("messages", {"words": "More."}),
        ("consent", {"share": "given"}),
        ("consent", {"supplier_contact": "generic_enquiry"}),
        ("consent", {"contact_me": True, "contact": "0990"}),
    ):
        refused = await use(intake, what, receipt, **more)
        assert not refused["done"]
        assert refused["hint"] == phrases.phrase("vi", "own_number_needed")
    narrowed = await use(intake, "consent", receipt, share="refused")
    assert narrowed["done"]
    assert narrowed["consent"]["share"] == "refused"
    assert [one.data for one in await told("COMPLAINTS") if "message_added" in one.subject] == []


async def test_the_own_number_is_given_once_and_opens_only_with_its_pin(
    intake: Client, hotline: Header, no_waiting: None
) -> None:
    receipt, _ = await a_receipt(intake, hotline)
    own = await own_number(intake, receipt)

    again = await use(intake, "renew", receipt)
    assert (again["done"], again["new_receipt"], again["new_pin"]) == (False, None, None)
    assert not (await use(intake, "open", own["receipt"]))["known"]
    wrong = f"{(int(own['pin']) + 1) % 10**6:06d}"
    assert not (await use(intake, "open", own["receipt"], pin=wrong))["known"]
    assert (await use(intake, "open", **own))["own_number"]


async def test_messages_go_both_ways_and_only_ids_travel(
    intake: Client, hotline: Header, told: Any, tell: Any
) -> None:
    receipt, complaint_id = await a_receipt(intake, hotline)
    own = await own_number(intake, receipt)

    sent = {"words": "The foreman keeps passports.", "reference": "1"}
    for _ in range(2):
        assert (await use(intake, "messages", **own, **sent))["done"]

    async def messages() -> Any:
        return await told_of(told, MessageAdded)

    [added] = await eventually(messages)
    assert (str(added.complaint_id), added.author) == (complaint_id, "worker")
    [received] = await told_of(told, ComplaintReceived)
    reply = seal_to(received.public_key, b"Thank you. Are you safe?")
    now = datetime.now(UTC)
    await tell(ComplaintAcknowledged(complaint_id=UUID(complaint_id), occurred_at=now))
    await tell(
        ReplyWritten(
            reply_id=new_amber_id(), complaint_id=UUID(complaint_id), sealed=reply, occurred_at=now
        )
    )

    async def both() -> Any:
        shown = await use(intake, "open", **own)
        return shown if len(shown["messages"]) == 2 and shown["acknowledged_on"] else None

    shown = await eventually(both)
    assert [(one["author"], one["words"]) for one in shown["messages"]] == [
        ("worker", "The foreman keeps passports."),
        ("officer", "Thank you. Are you safe?"),
    ]
    shared = await use(intake, "open", receipt)
    assert (shared["messages"], shared["messages_there"]) == ([], 2)


async def told_of(told: Any, kind: type[Any]) -> list[Any]:
    return [
        kind.model_validate_json(one.data)
        for one in await told("COMPLAINTS")
        if one.subject == kind.subject
    ]


async def test_a_reply_is_due_only_to_those_who_agreed_to_be_contacted_and_says_nothing(
    intake: Client, hotline: Header, told: Any, tell: Any
) -> None:
    agreed = {"share": "given", "contact_me": True}
    _, reachable = await a_receipt(intake, hotline, contact="0990", consent=agreed)
    _, silent = await a_receipt(intake, hotline, external_ref="CRUNCHY-ARMCHAIR-2")

    async def received() -> Any:
        found = await told_of(told, ComplaintReceived)
        return found if len(found) == 2 else None

    for one in await eventually(received):
        sealed = seal_to(one.public_key, b"Come to the gate at ten.")
        await tell(
            ReplyWritten(
                reply_id=new_amber_id(),
                complaint_id=one.complaint_id,
                sealed=sealed,
                occurred_at=datetime.now(UTC),
            )
        )

    async def waiting() -> Any:
        return (await intake.get("/v1/replies-waiting", headers=hotline)).json()["data"]

    [due] = await eventually(waiting)
    assert due["complaint_id"] == reachable
    assert due["text"] == phrases.phrase("vi", "waiting")
    body = {"complaint_ids": [reachable, silent]}
    done = await intake.post("/v1/replies-waiting/told", json=body, headers=hotline)
    assert done.status == 204
    assert await waiting() == []


async def test_whoever_has_read_a_reply_is_told_of_it_no_more(
    intake: Client, hotline: Header, told: Any, tell: Any
) -> None:
    agreed = {"share": "given", "contact_me": True}
    receipt, complaint_id = await a_receipt(intake, hotline, contact="0990", consent=agreed)
    own = await own_number(intake, receipt)

    async def received() -> Any:
        return await told_of(told, ComplaintReceived)

    [one] = await eventually(received)
    await tell(
        ReplyWritten(
            reply_id=new_amber_id(),
            complaint_id=UUID(complaint_id),
            sealed=seal_to(one.public_key, b"We have news."),
            occurred_at=datetime.now(UTC),
        )
    )

    async def waiting() -> Any:
        return (await intake.get("/v1/replies-waiting", headers=hotline)).json()["data"]

    assert len(await eventually(waiting)) == 1
    await use(intake, "open", receipt)  # sees that it is there, and not what it says
    assert len(await waiting()) == 1
    assert (await use(intake, "open", **own))["messages"][0]["words"] == "We have news."
    assert await waiting() == []


async def test_consent_changes_are_told_in_versions(
    intake: Client, hotline: Header, told: Any
) -> None:
    receipt, complaint_id = await a_receipt(intake, hotline, consent={"share": "not_asked"})
    own = await own_number(intake, receipt)

    wide = await use(intake, "consent", **own, share="given", supplier_contact="about_complaint")
    assert wide["done"]
    assert (await use(intake, "consent", receipt, share="refused"))["done"]

    async def changes() -> Any:
        found = await told_of(told, ConsentChanged)
        return found if len(found) == 2 else None

    first, second = await eventually(changes)
    assert (first.version, first.share, first.supplier_contact) == (1, "given", "about_complaint")
    assert (second.version, second.share, second.supplier_contact) == (
        2,
        "refused",
        "about_complaint",
    )
    assert str(first.complaint_id) == complaint_id


async def test_a_refusal_is_not_undone_by_what_else_is_changed_at_the_same_time(
    intake: Client, hotline: Header, database: Database
) -> None:
    consent = {"share": "given", "contact_me": True}
    receipt, complaint_id = await a_receipt(intake, hotline, consent=consent, contact="0990")

    async def wait_for_a_lock(number: int) -> None:
        async def all_wait() -> bool:
            async with database.begin() as tx:
                waiting = await tx.execute(text(WAITING_FOR_A_LOCK))
                return waiting.scalar_one() >= number

        await eventually(all_wait)

    async with database.begin() as tx:
        held = "select from data_key where complaint_id = cast(:id as uuid) for update"
        await tx.execute(text(held), {"id": complaint_id})
        refusing = asyncio.create_task(use(intake, "consent", receipt, share="refused"))
        await wait_for_a_lock(1)
        quieter = asyncio.create_task(use(intake, "consent", receipt, contact_me=False))
        await wait_for_a_lock(2)
    await asyncio.gather(refusing, quieter)

    now = (await use(intake, "open", receipt))["consent"]
    assert (now["share"], now["contact_me"]) == ("refused", False)


async def test_a_withdrawal_is_told_once_and_forgets_the_contact(
    intake: Client, hotline: Header, told: Any, database: Database
) -> None:
    agreed = {"share": "given", "contact_me": True}
    receipt, complaint_id = await a_receipt(intake, hotline, contact="0990", consent=agreed)
    own = await own_number(intake, receipt)

    for _ in range(2):
        shown = await use(intake, "withdraw", receipt)
        assert (shown["done"], shown["status"]) == (True, "withdrawn")
    assert not (await use(intake, "consent", **own, share="given"))["done"]
    assert not (await use(intake, "messages", **own, words="More."))["done"]

    async def withdrawn() -> Any:
        return await told_of(told, Withdrawn)

    [event_told] = await eventually(withdrawn)
    assert str(event_told.complaint_id) == complaint_id
    async with database.begin() as tx:
        assert (await tx.execute(text("select contact from vault_entry"))).scalar_one() is None


async def test_a_hotline_adds_words_by_its_own_reference_and_reads_nothing(
    intake: Client, hotline: Header, operator: Header
) -> None:
    receipt, _ = await a_receipt(intake, hotline)
    own = await own_number(intake, receipt)
    said = {"external_ref": "CRUNCHY-ARMCHAIR-1", "words": "She called again.", "reference": "7"}

    stored = [
        await intake.post("/v1/complaints/messages", json=said, headers=hotline) for _ in range(2)
    ]

    assert [one.status for one in stored] == [201, 201]
    assert stored[0].json() == stored[1].json()
    shown = await use(intake, "open", **own)
    assert [(one["author"], one["words"]) for one in shown["messages"]] == [
        ("hotline", "She called again.")
    ]
    new = await intake.post("/v1/admin/integrations", json={"name": "Other"}, headers=operator)
    other = intake.with_key(new.json()["key"])
    refused = await intake.post("/v1/complaints/messages", json=said, headers=other)
    assert refused.status == 404


async def test_what_was_sealed_to_another_complaint_is_not_shown(
    intake: Client, hotline: Header, tell: Any, database: Database
) -> None:
    _, complaint_id = await a_receipt(intake, hotline)
    await tell(
        ReplyWritten(
            reply_id=new_amber_id(),
            complaint_id=uuid4(),
            sealed=base64.b64decode(b"AAAA"),
            occurred_at=datetime.now(UTC),
        )
    )
    await tell(
        ComplaintAcknowledged(complaint_id=UUID(complaint_id), occurred_at=datetime.now(UTC))
    )

    async def acknowledged() -> Any:
        async with database.begin() as tx:
            return (await tx.execute(text("select acknowledged_at from dialogue"))).scalar()

    await eventually(acknowledged)
    async with database.begin() as tx:
        assert (await tx.execute(text("select count(*) from message"))).scalar_one() == 0
