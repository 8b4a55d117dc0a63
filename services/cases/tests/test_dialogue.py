"""What an officer does with one complaint, at the HTTP edge; the vault is played by the test."""

import base64
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest_asyncio
from builders import a_complaint, a_facility
from nats.aio.msg import Msg
from stage import Stage

from tocsin_common.sealing import Box, new_key, public_key_of, seal_to, unseal_with
from tocsin_common.signatures import Verifier
from tocsin_common.testing import eventually
from tocsin_common.testing.fixtures import connect, settled
from tocsin_common.testing.http import Client
from tocsin_common.testing.servers import Servers
from tocsin_contracts.events.cases import ReplyWritten
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_contracts.streams import INTAKE, VAULT_QUESTION
from tocsin_contracts.vault import (
    PART,
    Answered,
    Asked,
    Opened,
    OpenedMessage,
    OpenedPart,
    Question,
    Refusal,
)

Header = dict[str, str]
WORDS = "They keep our passports."


class PlayedVault:
    """Answers as intake would, and remembers what it was asked."""

    def __init__(self, verifier: Verifier) -> None:
        self.asked: list[Question] = []
        self.refusal: Refusal | None = None
        self.refusal_after = 1000
        self.file = b""
        self.messages: tuple[OpenedMessage, ...] = ()
        self._verifier = verifier

    async def answer(self, message: Msg) -> None:
        asked = Asked.model_validate_json(message.data)
        self._verifier.verify(asked.statement, asked.signature, asked.key_id)
        question = Question.model_validate_json(asked.statement)
        self.asked.append(question)
        opened = self._opened(question).model_dump_json().encode()
        answered = Answered(sealed=seal_to(question.public_key, opened))
        if question.part >= self.refusal_after:
            answered = Answered(refused=Refusal.NOT_NOW)
        if self.refusal:
            answered = Answered(refused=self.refusal)
        await message.respond(answered.model_dump_json().encode())

    def _opened(self, question: Question) -> Opened | OpenedPart:
        if question.attachment_id is None:
            after = question.messages_from
            page = self.messages[after : after + 3]
            left = len(self.messages) - after - len(page)
            return Opened(words="" if after else WORDS, messages=page, left=left)
        content = self.file[question.part * PART : (question.part + 1) * PART]
        return OpenedPart(media_type="image/jpeg", size=len(self.file), content=content)


@pytest_asyncio.fixture(loop_scope="session")
async def vault(servers: Servers) -> AsyncGenerator[PlayedVault]:
    name, _, key = servers.environment(INTAKE)["TOCSIN_QUESTION_VERIFY_KEYS"].partition(":")
    played = PlayedVault(Verifier({name: base64.b64decode(key)}))
    bus = await connect(servers, INTAKE)
    await bus.subscribe(VAULT_QUESTION, queue=INTAKE, cb=played.answer)
    await settled(bus)
    yield played
    await bus.close()


async def a_taken_complaint(
    cases: Client, stage: Stage, box: Box, officer: Header, **changes: Any
) -> ComplaintReceived:
    await stage.import_suppliers([a_facility(1)])
    complaint = a_complaint(box, 1, **changes)
    await stage.hear(complaint)
    path = f"/v1/complaints/{complaint.complaint_id}"
    shown = await cases.get(path, headers=officer)
    taken = await cases.request(
        "PUT",
        f"{path}/assignment",
        json={},
        headers={**officer, "If-Match": shown.headers["ETag"]},
    )
    assert taken.status == 200, taken
    assert taken.headers["ETag"] == f'"{taken.json()["version"]}"'
    return complaint


async def test_opened_words_are_shown_on_record_and_stored_nowhere(
    cases: Client, stage: Stage, intake_box: Box, officer: Header, vault: PlayedVault
) -> None:
    complaint = await a_taken_complaint(cases, stage, intake_box, officer)
    path = f"/v1/complaints/{complaint.complaint_id}/open"
    wish = {"reason": "triage", "token": "tvt_whatever"}

    opened = await cases.post(path, json=wish, headers=officer)

    assert (opened.json()["words"], opened.json()["messages"]) == (WORDS, [])
    [question] = vault.asked
    assert (question.complaint_id, question.token) == (complaint.complaint_id, "tvt_whatever")
    moves = await stage.rows("select subject_id from audit where move = 'words_opened'")
    assert moves == [(complaint.complaint_id,)]
    tables = await stage.rows("select tablename from pg_tables where schemaname = 'public'")
    for (table,) in tables:
        query = f'select count(*) from "{table}" as t where t::text like :words'  # noqa: S608
        assert await stage.rows(query, words="%passports%") == [(0,)], table


async def test_messages_that_come_in_several_answers_are_shown_as_one(
    cases: Client, stage: Stage, intake_box: Box, officer: Header, vault: PlayedVault
) -> None:
    complaint = await a_taken_complaint(cases, stage, intake_box, officer)
    vault.messages = tuple(
        OpenedMessage(
            message_id=uuid4(), author="worker", written_at=datetime.now(UTC), words=str(number)
        )
        for number in range(8)
    )
    path = f"/v1/complaints/{complaint.complaint_id}/open"

    opened = await cases.post(path, json={"reason": "triage", "token": "t"}, headers=officer)

    assert opened.json()["words"] == WORDS
    assert [one["words"] for one in opened.json()["messages"]] == [str(n) for n in range(8)]
    assert [one.messages_from for one in vault.asked] == [0, 3, 6]


async def test_every_refusal_is_told_with_what_to_do(
    cases: Client, stage: Stage, intake_box: Box, officer: Header, vault: PlayedVault
) -> None:
    complaint = await a_taken_complaint(cases, stage, intake_box, officer)
    path = f"/v1/complaints/{complaint.complaint_id}/open"
    told: dict[Refusal, int] = {}

    for refusal in Refusal:
        vault.refusal = refusal
        wish = {"reason": "triage", "token": "t"}
        told[refusal] = (await cases.post(path, json=wish, headers=officer)).status

    assert told == {
        Refusal.NOT_ASKED_BY_CASES: 503,
        Refusal.TOO_OLD: 503,
        Refusal.TOKEN_REFUSED: 403,
        Refusal.ALREADY_ASKED: 409,
        Refusal.NOT_ASSIGNED: 403,
        Refusal.SECOND_PERSON_NEEDED: 403,
        Refusal.NOT_FOUND: 404,
        Refusal.NOT_NOW: 503,
    }


async def test_without_intake_the_question_is_answered_503(
    cases: Client, stage: Stage, intake_box: Box, officer: Header
) -> None:
    complaint = await a_taken_complaint(cases, stage, intake_box, officer)
    path = f"/v1/complaints/{complaint.complaint_id}/open"

    answer = await cases.post(path, json={"reason": "triage", "token": "t"}, headers=officer)

    assert answer.status == 503


async def test_a_reply_travels_sealed_and_the_same_reference_is_the_same_reply(
    cases: Client, stage: Stage, intake_box: Box, officer: Header, told: Any
) -> None:
    own = new_key()
    complaint = await a_taken_complaint(
        cases, stage, intake_box, officer, public_key=public_key_of(own)
    )
    path = f"/v1/complaints/{complaint.complaint_id}/replies"
    said = {"words": "Are you safe?", "reference": "1"}

    answers = [await cases.post(path, json=said, headers=officer) for _ in range(2)]

    assert [one.status for one in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()

    async def replies() -> Any:
        found = [one.data for one in await told("CASES") if one.subject == ReplyWritten.subject]
        return found if len(found) == 2 else None

    for data in await eventually(replies):
        assert b"safe" not in data
        reply = ReplyWritten.model_validate_json(data)
        assert unseal_with(own, reply.sealed) == b"Are you safe?"


async def test_closing_deletes_what_stood_for_the_source(
    cases: Client, stage: Stage, intake_box: Box, officer: Header
) -> None:
    complaint = await a_taken_complaint(cases, stage, intake_box, officer)
    sources = "select source, source_kind from case_complaint"
    [(source, kind)] = await stage.rows(sources)
    assert source
    assert kind

    closed = await cases.request(
        "PUT",
        f"/v1/complaints/{complaint.complaint_id}/status",
        json={"status": "closed"},
        headers={**officer, "If-Match": "*"},
    )

    assert closed.json()["status"] == "closed"
    assert await stage.rows(sources) == [(None, None)]


async def test_what_is_acknowledged_is_no_longer_new(
    cases: Client, stage: Stage, intake_box: Box, officer: Header
) -> None:
    complaint = await a_taken_complaint(cases, stage, intake_box, officer)
    new = (await cases.get("/v1/complaints/new", headers=officer)).json()["data"]
    assert [one["complaint_id"] for one in new] == [str(complaint.complaint_id)]

    path = f"/v1/complaints/{complaint.complaint_id}/acknowledge"
    first, again = [await cases.post(path, headers=officer) for _ in range(2)]

    assert first.json()["acknowledged_at"] == again.json()["acknowledged_at"]
    assert (await cases.get("/v1/complaints/new", headers=officer)).json()["data"] == []
