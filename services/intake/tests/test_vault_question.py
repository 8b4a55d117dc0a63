"""An officer asks for a worker's words, on the terms of protection V2."""

import base64
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from asking import Desk
from builders import a_complaint
from nacl.public import PrivateKey
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.signatures import Signer
from tocsin_common.testing.fixtures import connect
from tocsin_common.testing.http import Client
from tocsin_common.testing.servers import Servers
from tocsin_contracts.streams import CASES
from tocsin_contracts.vault import Answered, Opened, Question, Reason, Refusal

Header = dict[str, str]
CONTACT = "call 0990 417 720"


@pytest_asyncio.fixture(loop_scope="session")
async def desk(intake: Client, operator: Header, servers: Servers) -> AsyncGenerator[Desk]:
    bus = await connect(servers, CASES)
    signer = Signer(base64.b64decode(servers.environment(CASES)["TOCSIN_QUESTION_SIGNING_KEY"]))
    yield await Desk(intake, operator, bus, signer).another()
    await bus.close()


@pytest_asyncio.fixture(loop_scope="session")
async def complaint_id(intake: Client, hotline: Header) -> str:
    said = a_complaint(contact=CONTACT, consent={"share": "given", "contact_me": True})
    answer = await intake.post("/v1/complaints", json=said, headers=hotline)
    return answer.json()["complaint_id"]


def refused(answer: Any) -> Refusal | None:
    assert isinstance(answer, Answered)
    assert answer.sealed is None
    return answer.refused


async def test_an_officer_reads_the_words_and_never_the_contact(
    desk: Desk, complaint_id: str, intake: Client, hotline: Header
) -> None:
    opened = await desk.ask(complaint_id)

    assert isinstance(opened, Opened)
    assert opened.words == "We have not been paid since March."
    assert CONTACT not in opened.model_dump_json()
    listed = (await intake.get("/v1/openings", headers=hotline)).json()["data"]
    assert [(one["complaint_id"], one["officer_id"], one["reason"]) for one in listed] == [
        (complaint_id, str(desk.officer_id), "triage")
    ]


async def test_another_hotline_sees_no_opening(
    desk: Desk, complaint_id: str, intake: Client, operator: Header
) -> None:
    await desk.ask(complaint_id)
    new = await intake.post("/v1/admin/integrations", json={"name": "Other"}, headers=operator)
    other = intake.with_key(new.json()["key"])

    assert (await intake.get("/v1/openings", headers=other)).json()["data"] == []


async def test_a_token_is_good_once(desk: Desk, complaint_id: str) -> None:
    token = await desk.token(complaint_id)

    assert isinstance(await desk.ask(complaint_id, token=token), Opened)
    assert refused(await desk.ask(complaint_id, token=token)) is Refusal.ALREADY_ASKED


async def test_without_the_officers_own_token_nothing_opens(desk: Desk, complaint_id: str) -> None:
    other = await desk.another()

    for token in (
        "no token",
        "tvt_AAAA.AAAA",
        await desk.token(str(uuid4())),
        await desk.token(complaint_id, as_second=True),
        await other.token(complaint_id),
        (await desk.token(complaint_id))[:-2] + "==",
    ):
        assert refused(await desk.ask(complaint_id, token=token)) is Refusal.TOKEN_REFUSED
    other_reason = await desk.ask(complaint_id, reason="safety")
    assert refused(other_reason) is Refusal.TOKEN_REFUSED


async def test_a_token_is_refused_after_five_minutes(
    desk: Desk, complaint_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await desk.token(complaint_id)
    monkeypatch.setattr("tocsin_intake.vault.tokens.VALID", timedelta(microseconds=1))

    assert refused(await desk.ask(complaint_id, token=token)) is Refusal.TOKEN_REFUSED


async def test_only_cases_may_ask_and_only_now(desk: Desk, complaint_id: str) -> None:
    now = datetime.now(UTC)
    question = Question.model_validate(
        {
            "question_id": uuid4(),
            "asked_at": now,
            "complaint_id": complaint_id,
            "officer_id": desk.officer_id,
            "assigned_at": now,
            "reason": "triage",
            "public_key": bytes(PrivateKey.generate().public_key),
            "token": await desk.token(complaint_id),
        }
    )

    forged = await desk.send(question, Signer(bytes(range(32))))
    assert refused(forged) is Refusal.NOT_ASKED_BY_CASES
    old = await desk.ask(complaint_id, asked_at=now - timedelta(minutes=1))
    assert refused(old) is Refusal.TOO_OLD
    unassigned = await desk.ask(complaint_id, assigned_at=now + timedelta(minutes=1))
    assert refused(unassigned) is Refusal.NOT_ASSIGNED
    assert refused(await desk.ask(str(uuid4()))) is Refusal.NOT_FOUND


async def test_the_31st_opening_of_a_day_needs_a_second_person(
    desk: Desk, complaint_id: str
) -> None:
    second = await desk.another()
    for _ in range(30):
        assert isinstance(await desk.ask(complaint_id), Opened)

    assert refused(await desk.ask(complaint_id)) is Refusal.SECOND_PERSON_NEEDED
    own = await desk.token(complaint_id, as_second=True)
    alone = await desk.ask(complaint_id, second_token=own)
    assert refused(alone) is Refusal.SECOND_PERSON_NEEDED
    agreed = await second.token(complaint_id, as_second=True)
    assert isinstance(await desk.ask(complaint_id, second_token=agreed), Opened)
    again = await desk.ask(complaint_id, second_token=agreed)
    assert refused(again) is Refusal.ALREADY_ASKED


async def test_an_officer_who_left_opens_nothing(
    desk: Desk, complaint_id: str, intake: Client, operator: Header
) -> None:
    token = await desk.token(complaint_id)
    gone = await intake.request(
        "DELETE", f"/v1/admin/vault/officers/{desk.officer_id}", headers=operator
    )

    assert gone.status == 204
    assert refused(await desk.ask(complaint_id, token=token)) is Refusal.TOKEN_REFUSED


TAMPERING = [
    "update opening set reason = 'safety' where seq = 2",
    "update opening set officer_id = complaint_id where seq = 1",
    "delete from opening where seq = 2",
    "delete from opening where seq = 3",
    "update opening set opened_at = opened_at - interval '1 microsecond' where seq = 3",
    "insert into opening select 4, opened_at, complaint_id, integration_id, officer_id,"
    " second_officer_id, reason, gen_random_uuid(), null, hash from opening where seq = 3",
]


@pytest.mark.parametrize("statement", TAMPERING)
async def test_the_access_log_shows_every_change(
    desk: Desk,
    complaint_id: str,
    intake: Client,
    operator: Header,
    database: Database,
    statement: str,
) -> None:
    for _ in range(3):
        await desk.ask(complaint_id)

    async def verified(**remembered: Any) -> Any:
        path = "/v1/admin/vault/openings/verify"
        return (await intake.post(path, json=remembered, headers=operator)).json()

    before = await verified()
    assert (before["intact"], before["seq"]) == (True, 3)
    async with database.begin() as tx:
        await tx.execute(text(statement))

    assert not (await verified(seq=before["seq"], hash=before["hash"]))["intact"]


@pytest.mark.parametrize("field", ["officer_id", "complaint_id", "reason", "token"])
async def test_who_can_sign_as_cases_still_opens_nothing_an_officer_did_not_mean(
    desk: Desk, complaint_id: str, intake: Client, hotline: Header, field: str
) -> None:
    """A process of cases that was broken into has its signing key and tokens that pass by."""
    other = await desk.another()
    said = a_complaint(external_ref="another")
    another = (await intake.post("/v1/complaints", json=said, headers=hotline)).json()
    token = await desk.token(complaint_id)
    changed = {
        "officer_id": {"officer_id": other.officer_id},
        "complaint_id": {},
        "reason": {"reason": "investigation"},
        "token": {"token": await other.token(complaint_id)},
    }[field]
    about = another["complaint_id"] if field == "complaint_id" else complaint_id

    answer = await desk.ask(about, **{"token": token} | changed)

    assert refused(answer) is Refusal.TOKEN_REFUSED


@pytest.mark.parametrize("field", ["officer_id", "complaint_id", "assigned_at", "public_key"])
async def test_a_signed_question_changed_on_its_way_is_not_answered(
    desk: Desk, complaint_id: str, field: str
) -> None:
    now = datetime.now(UTC)
    question = Question(
        question_id=uuid4(),
        asked_at=now,
        complaint_id=UUID(complaint_id),
        officer_id=desk.officer_id,
        assigned_at=now - timedelta(hours=1),
        reason=Reason.TRIAGE,
        token=await desk.token(complaint_id),
        public_key=bytes(PrivateKey.generate().public_key),
    )
    other = {
        "officer_id": uuid4(),
        "complaint_id": uuid4(),
        "assigned_at": now,
        "public_key": bytes(PrivateKey.generate().public_key),
    }[field]

    changed = question.model_copy(update={field: other})
    answer = await desk.send(changed, signed_as=question)

    assert refused(answer) is Refusal.NOT_ASKED_BY_CASES
