"""Informational calls are counted, nothing of them is kept, and no case hears of them."""

import asyncio
from typing import Any

from builders import a_complaint
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client

Header = dict[str, str]


def a_call(**changes: Any) -> dict[str, Any]:
    return a_complaint(**{"nature": "informational", "words": "When are you open?"} | changes)


async def post(intake: Client, hotline: Header, call: Any) -> tuple[int, Any]:
    answer = await intake.post("/v1/complaints", json=call, headers=hotline)
    return answer.status, answer.json()


async def counts(intake: Client, operator: Header) -> dict[str, int]:
    integrations = (await intake.get("/v1/admin/integrations", headers=operator)).json()["data"]
    [integration_id] = [one["integration_id"] for one in integrations]
    answer = await intake.get(f"/v1/admin/integrations/{integration_id}/calls", headers=operator)
    return {one["issue_group"]: one["calls"] for one in answer.json()["data"]}


async def test_calls_are_counted_by_issue_group_and_nothing_else_is_kept(
    intake: Client, hotline: Header, operator: Header, database: Database
) -> None:
    calls = [a_call(external_ref=f"call-{number}") for number in range(7)]
    calls += [a_call(external_ref=None, issues=[]), {"nature": "informational"}]

    answers = await asyncio.gather(*(post(intake, hotline, call) for call in calls))

    assert {(status, body["status"], body["receipt"]) for status, body in answers} == {
        (201, "counted", None)
    }
    assert await counts(intake, operator) == {"wages": 7, "none": 2}
    async with database.begin() as tx:
        for table in ("complaint", "vault_entry", "data_key"):
            assert (await tx.execute(text(f"select count(*) from {table}"))).scalar() == 0  # noqa: S608


async def test_a_call_sent_again_is_counted_once(
    intake: Client, hotline: Header, operator: Header
) -> None:
    answers = await asyncio.gather(*(post(intake, hotline, a_call()) for _ in range(50)))
    answers.append(await post(intake, hotline, a_call()))

    assert len({body["complaint_id"] for _, body in answers}) == 1
    assert await counts(intake, operator) == {"wages": 1}


async def test_a_calls_reference_never_swallows_a_complaint(
    intake: Client, hotline: Header
) -> None:
    await post(intake, hotline, a_call(external_ref="first a call"))
    await post(intake, hotline, a_complaint(external_ref="first a complaint"))

    then_a_complaint = await post(intake, hotline, a_complaint(external_ref="first a call"))
    then_a_call = await post(intake, hotline, a_call(external_ref="first a complaint"))

    assert (then_a_complaint[0], then_a_complaint[1]["code"]) == (422, "reference_reused")
    assert (then_a_call[0], then_a_call[1]["code"]) == (422, "reference_reused")


async def test_cases_hears_of_complaints_and_not_of_calls(
    intake: Client, hotline: Header, told: Any
) -> None:
    await post(intake, hotline, a_call())
    _, complaint = await post(intake, hotline, a_complaint(external_ref="later"))

    async def shipped() -> Any:
        return await told("COMPLAINTS")

    [message] = await eventually(shipped)
    assert complaint["complaint_id"] in message.data.decode()
