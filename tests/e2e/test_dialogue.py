"""A worker and an officer speak with each other, through every part in between."""

from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from tests.support import world
from tests.support.clients import Caller, Json
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE, Tocsin
from tests.support.world import World, a_complaint
from tocsin_common.testing import eventually
from tocsin_contracts.streams import CASES, INTAKE

PLACE = world.a_place(71)
WORDS = "They keep our passports in the office."


@dataclass
class Speaker:
    """An officer with both keys: cases' and intake's own."""

    cases: Caller
    intake: Caller
    officer_id: str

    @classmethod
    async def registered(cls, tocsin: Tocsin, name: str) -> "Speaker":
        new = await tocsin.operator(CASES).post("/v1/admin/officers", {"name": name})
        vault = await tocsin.operator(INTAKE).post(
            "/v1/admin/vault/officers", {"officer_id": new["officer_id"]}
        )
        return cls(
            Caller(tocsin.http[CASES], new["key"]),
            Caller(tocsin.http[INTAKE], vault["key"]),
            new["officer_id"],
        )

    async def token(self, complaint_id: str) -> str:
        wanted = {"complaint_id": complaint_id, "reason": "triage"}
        return (await self.intake.post("/v1/vault/tokens", wanted))["token"]

    async def open(self, complaint_id: str, **more: Any) -> Any:
        body = {"reason": "triage", "token": await self.token(complaint_id)} | more
        return await self.cases.send("POST", f"/v1/complaints/{complaint_id}/open", json=body)

    async def change(self, complaint_id: str, what: str, body: Json, if_match: str = "*") -> Any:
        return await self.cases.send(
            "PUT",
            f"/v1/complaints/{complaint_id}/{what}",
            json=body,
            headers={"If-Match": if_match},
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everybody(tocsin: Tocsin, receiver: Receiver) -> World:
    return await world.build(tocsin, receiver, [PLACE])


async def a_new_complaint(tocsin: Tocsin, everybody: World, reference: str) -> tuple[str, Json]:
    """Hand one in; return its id, and the number and PIN that no hotline has seen."""
    said = a_complaint(reference, PLACE, words=WORDS, consent={"share": "not_asked"})
    receipt = await everybody.hotline.report(said)
    renewed = await back(tocsin, "renew", receipt=receipt["receipt"])
    await tocsin.quiet()
    own = {"receipt": renewed["new_receipt"], "pin": renewed["new_pin"]}
    return receipt["complaint_id"], own


async def back(tocsin: Tocsin, what: str, **body: Any) -> Json:
    answer = await tocsin.http[INTAKE].post(f"/v1/receipts/{what}", json=body)
    assert answer.status == 200, answer
    return answer.json()


async def test_an_officer_reads_answers_and_is_answered(tocsin: Tocsin, everybody: World) -> None:
    complaint_id, own = await a_new_complaint(tocsin, everybody, "E2E-DIALOGUE-1")
    officer = await Speaker.registered(tocsin, "Ines Okafor")

    new = await eventually(lambda: officer.cases.all("/v1/complaints/new"), within=PATIENCE)
    assert complaint_id in [one["complaint_id"] for one in new]
    taken = await officer.change(complaint_id, "assignment", {})
    assert taken.status == 200
    opened = await eventually(lambda: answered(officer, complaint_id), within=PATIENCE)
    assert (opened["words"], opened["messages"], opened["attachments"]) == (WORDS, [], [])
    await officer.cases.post(f"/v1/complaints/{complaint_id}/acknowledge")
    said = {"words": "Thank you. Are you safe?"}
    await officer.cases.post(f"/v1/complaints/{complaint_id}/replies", said)

    async def reads() -> Any:
        shown = await back(tocsin, "open", **own)
        return shown if shown["messages"] and shown["acknowledged_on"] else None

    shown = await eventually(reads, within=PATIENCE)
    assert [one["words"] for one in shown["messages"]] == ["Thank you. Are you safe?"]
    assert (await back(tocsin, "messages", **own, words="Yes, for now."))["done"]

    async def heard() -> Any:
        found = await officer.cases.get(f"/v1/complaints/{complaint_id}")
        return found if found["messages"] else None

    await eventually(heard, within=PATIENCE)
    again = (await officer.open(complaint_id)).json()
    assert [(one["author"], one["words"]) for one in again["messages"]] == [
        ("officer", "Thank you. Are you safe?"),
        ("worker", "Yes, for now."),
    ]
    version = f'"{(await heard())["version"]}"'
    closed = await officer.change(complaint_id, "status", {"status": "closed"}, version)
    assert closed.status == 200
    late = await officer.change(complaint_id, "status", {"status": "in_review"}, version)
    assert late.status == 412

    async def shows_closed() -> bool:
        return (await back(tocsin, "open", **own))["status"] == "closed"

    await eventually(shows_closed, within=PATIENCE)


async def answered(officer: Speaker, complaint_id: str) -> Any:
    """The words, once intake knows the officer."""
    answer = await officer.open(complaint_id)
    return answer.json() if answer.status == 200 else None


async def test_only_whoever_it_is_assigned_to_opens_and_only_by_a_fresh_token(
    tocsin: Tocsin, everybody: World
) -> None:
    complaint_id, _ = await a_new_complaint(tocsin, everybody, "E2E-DIALOGUE-2")
    officer = await Speaker.registered(tocsin, "Rosa Vidal")
    other = await Speaker.registered(tocsin, "Other")
    await officer.change(complaint_id, "assignment", {"officer_id": officer.officer_id})
    await eventually(lambda: answered(officer, complaint_id), within=PATIENCE)

    assert (await other.open(complaint_id)).json()["code"] == "not_assigned"
    used = await officer.token(complaint_id)
    assert (await officer.open(complaint_id, token=used)).status == 200
    assert (await officer.open(complaint_id, token=used)).json()["code"] == "token_used"
    borrowed = await officer.open(complaint_id, token=await other.token(complaint_id))
    assert borrowed.json()["code"] == "token_refused"
    unmatched = await officer.cases.send(
        "PUT", f"/v1/complaints/{complaint_id}/assignment", json={}
    )
    assert unmatched.status == 428


async def test_a_withdrawal_reaches_the_officers_at_once(tocsin: Tocsin, everybody: World) -> None:
    complaint_id, own = await a_new_complaint(tocsin, everybody, "E2E-DIALOGUE-3")
    officer = await Speaker.registered(tocsin, "Mika Aalto")
    await officer.change(complaint_id, "assignment", {})

    assert (await back(tocsin, "withdraw", **own))["done"]

    async def withdrawn() -> Any:
        found = await officer.cases.get(f"/v1/complaints/{complaint_id}")
        return found if found["withdrawn_at"] else None

    found = await eventually(withdrawn, within=PATIENCE)
    assert found["share"] == "refused"
    refused = await officer.cases.send(
        "POST", f"/v1/complaints/{complaint_id}/replies", json={"words": "Hello."}
    )
    assert refused.json()["code"] == "nobody_reads"
