"""Intake as hotlines see it."""

import asyncio
import json
from typing import Any

import pytest
from builders import a_complaint
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client

Header = dict[str, str]


async def post(intake: Client, hotline: Header, complaint: Any, **headers: str) -> Any:
    answer = await intake.post("/v1/complaints", json=complaint, headers={**hotline, **headers})
    return answer.status, answer.json()


async def test_a_complaint_is_stored_sealed_and_told(
    intake: Client, hotline: Header, database: Database, told: Any
) -> None:
    status, receipt = await post(intake, hotline, a_complaint())

    assert status == 201
    assert receipt["status"] == "received"
    assert len(receipt["receipt"].replace(" ", "")) == 16

    async def shipped() -> Any:
        return await told("COMPLAINTS")

    [message] = await eventually(shipped)
    event = json.loads(message.data)
    assert event["complaint_id"] == receipt["complaint_id"]
    assert event["issues"] == ["wages.unpaid"]
    assert "Silver Heron" not in message.data.decode()


async def test_200_identical_posts_at_once_are_one_complaint_with_one_receipt(
    intake: Client, hotline: Header, database: Database
) -> None:
    answers = await asyncio.gather(*(post(intake, hotline, a_complaint()) for _ in range(200)))

    assert {status for status, _ in answers} == {201}
    assert len({(body["complaint_id"], body["receipt"]) for _, body in answers}) == 1
    async with database.begin() as tx:
        assert (await tx.execute(text("select count(*) from complaint"))).scalar() == 1


async def test_a_reference_reused_for_another_complaint_is_refused_and_stores_nothing(
    intake: Client, hotline: Header, database: Database
) -> None:
    await post(intake, hotline, a_complaint())

    status, problem = await post(intake, hotline, a_complaint(words="Something else."))

    assert (status, problem["code"]) == (422, "reference_reused")
    async with database.begin() as tx:
        assert (await tx.execute(text("select count(*) from complaint"))).scalar() == 1


@pytest.mark.parametrize(
    ("number", "bucket"),
    [(1, "1-9"), (9, "1-9"), (10, "10-99"), (100, "100-999"), (70_000, "1000+")],
)
async def test_of_an_exact_number_only_the_bucket_is_told(
    intake: Client, hotline: Header, told: Any, number: int, bucket: str
) -> None:
    attested = {"genuine": True, "members": number}
    await post(intake, hotline, a_complaint(workers_affected=number, attestation=attested))

    async def shipped() -> Any:
        return await told("COMPLAINTS")

    [message] = await eventually(shipped)
    event = json.loads(message.data)
    assert (event["workers_affected"], event["members"]) == (bucket, bucket)


@pytest.mark.parametrize(
    "changes",
    [
        {"words": ""},
        {"workers_affected": 0},
        {"workers_affected": -3},
        {"workers_affected": True},
        {"happened_until": "2026-03-01"},
        {"happened_on": "2026-03-02", "happened_until": "2026-03-01"},
    ],
)
async def test_a_complaint_that_is_not_whole_is_refused(
    intake: Client, hotline: Header, changes: dict[str, Any]
) -> None:
    status, problem = await post(intake, hotline, a_complaint(**changes))

    assert (status, problem["code"]) == (422, "invalid")


async def test_a_hotline_above_its_limit_is_refused_until_the_minute_is_over(
    intake: Client, operator: Header, database: Database
) -> None:
    limited = {"name": "Limited line", "requests_per_minute": 2}
    made = await intake.post("/v1/admin/integrations", json=limited, headers=operator)
    key = intake.with_key(made.json()["key"])

    answers = [
        await intake.post("/v1/complaints", json=a_complaint(external_ref=f"L-{n}"), headers=key)
        for n in range(3)
    ]

    assert [one.status for one in answers] == [201, 201, 429]
    assert {one.headers["RateLimit-Policy"] for one in answers} == {'"default";q=2;w=60'}
    assert answers[0].headers["RateLimit"].startswith('"default";r=1;t=')
    assert answers[2].json()["code"] == "too_many_requests"
    assert 0 < int(answers[2].headers["Retry-After"]) <= 60
    async with database.begin() as tx:
        assert (await tx.execute(text("select count(*) from complaint"))).scalar() == 2
