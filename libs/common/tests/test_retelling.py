"""Telling again: some at a time, bounded by the outbox, and begun again wherever it was left."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client as Nats
from pydantic import SecretStr
from sample.app import CHAPTERS, WITHERED, create_app
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.retelling import (
    AT_ONCE,
    MOST_WAITING,
    Position,
    Retelling,
    Step,
    UnknownChapter,
)
from tocsin_common.retelling_run import NotRead, NotShipped, tell_all
from tocsin_common.service import Role
from tocsin_common.settings import Settings
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.fixtures import ToldIn
from tocsin_contracts.events.cases import ComplaintStatusChanged

MANY = 2 * MOST_WAITING + 250  # aggregates


@pytest.fixture
def retelling(database: Database) -> Retelling:
    return Retelling(database, CHAPTERS)


async def file(database: Database, number: int, *, times: int = 1) -> set[UUID]:
    """Have so many filed, at their third version."""
    async with database.begin() as tx:
        rows = await tx.scalars(
            text(
                "insert into filed (complaint_id, version, times)"
                " select gen_random_uuid(), 3, :times from generate_series(1, :number)"
                " returning complaint_id"
            ),
            {"number": number, "times": times},
        )
        return set(rows.all())


async def waiting(database: Database) -> list[ComplaintStatusChanged]:
    """What is in the outbox."""
    async with database.begin() as tx:
        rows = await tx.scalars(text("select payload from outbox order by id"))
        return [ComplaintStatusChanged.model_validate_json(one) for one in rows]


async def forget_outbox(database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(text("truncate outbox"))


def read(messages: Sequence[Any]) -> list[ComplaintStatusChanged]:
    return [ComplaintStatusChanged.model_validate_json(one.data) for one in messages]


async def all_steps(retelling: Retelling, position: Position | None = None) -> list[Step]:
    steps = [await retelling.step(position)]
    while steps[-1].next:
        steps.append(await retelling.step(steps[-1].next))
    return steps


async def test_each_is_told_once_at_its_version_some_at_a_time(
    database: Database, retelling: Retelling
) -> None:
    there = await file(database, 2 * AT_ONCE + 7)

    steps = await all_steps(retelling)

    told = await waiting(database)
    assert [(one.chapter, one.told) for one in steps] == [
        ("filed", AT_ONCE), ("filed", AT_ONCE), ("filed", 7), ("noted", 0),
    ]  # fmt: skip
    assert await retelling.totals() == {"filed": 2 * AT_ONCE + 7, "noted": 0}
    assert Counter(one.complaint_id for one in told) == Counter(there)
    assert {one.version for one in told} == {3}


async def test_a_page_that_is_just_full_is_not_the_last(
    database: Database, retelling: Retelling
) -> None:
    await file(database, AT_ONCE)

    assert [one.told for one in await all_steps(retelling)] == [AT_ONCE, 0, 0]


async def test_what_cannot_be_told_any_more_is_counted(
    database: Database, retelling: Retelling
) -> None:
    await file(database, 5)
    await file(database, 2, times=WITHERED)

    first = (await all_steps(retelling))[0]

    assert (first.told, first.left_out) == (5, 2)


async def test_it_goes_on_after_an_id_and_in_no_other_chapter_than_there_are(
    database: Database, retelling: Retelling
) -> None:
    there = sorted(await file(database, 9))

    await all_steps(retelling, Position("filed", there[5]))

    assert [one.complaint_id for one in await waiting(database)] == there[6:]
    with pytest.raises(UnknownChapter):
        await retelling.step(Position("felled"))


async def test_while_the_outbox_is_long_nothing_is_added(
    database: Database, retelling: Retelling
) -> None:
    there = await file(database, MANY)

    step = await retelling.step(None)
    while not step.waits:
        step = await retelling.step(step.next)
    first = await waiting(database)
    assert (await retelling.step(step.next)).waits

    assert len(first) == len(await waiting(database))
    assert MOST_WAITING <= len(first) < MOST_WAITING + AT_ONCE
    told = {one.complaint_id for one in first}
    while step.next:
        await forget_outbox(database)
        step = await retelling.step(step.next)
        told |= {one.complaint_id for one in await waiting(database)}
    assert told == there


async def test_what_must_be_done_first_is_done_before_anything_is_told(database: Database) -> None:
    await file(database, AT_ONCE + 1)
    seen: list[int] = []

    async def first() -> None:
        seen.append(len(await waiting(database)))

    await all_steps(Retelling(database, CHAPTERS, first))

    assert seen == [0]


async def test_without_nats_it_says_so_and_keeps_what_it_recorded(
    database: Database, retelling: Retelling
) -> None:
    await file(database, MANY)

    with pytest.raises(NotShipped) as stuck:
        await tell_all(retelling, patience=0.5)

    assert "TOCSIN_STREAM_MAX_BYTES" in stuck.value.advice
    assert len(await waiting(database)) >= MOST_WAITING


async def test_without_the_database_it_says_so() -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:9/nothing", name="tests")

    with pytest.raises(NotRead) as stuck:
        await tell_all(Retelling(nowhere, CHAPTERS), patience=0.5)

    assert "PostgreSQL" in stuck.value.advice
    await nowhere.close()


async def run(environment: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sample", "retell", *arguments),
        cwd=Path(__file__).parent,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_killed_in_the_middle_and_begun_again_it_leaves_nothing_out(
    environment: dict[str, str], database: Database, streams: Nats, told: ToldIn
) -> None:
    there = await file(database, MANY)
    nowhere = {"TOCSIN_NATS_URL": "nats://127.0.0.1:9"}

    killed = await run(environment | nowhere)
    await eventually(lambda: is_waiting(database))
    killed.send_signal(signal.SIGKILL)
    await killed.communicate()
    half = {one.complaint_id for one in await waiting(database)}
    again = await run(environment, "--json")
    output, errors = await again.communicate()

    assert killed.returncode == -signal.SIGKILL
    assert half < there
    assert again.returncode == 0, errors.decode()
    assert json.loads(output) == {
        "service": "cases",
        "told": {"filed": MANY, "noted": 0},
        "left_out": {"filed": 0, "noted": 0},
    }
    assert not await waiting(database)
    shipped = read(await told("CASES"))
    assert {one.complaint_id for one in shipped} == there
    assert len({one.event_id for one in shipped}) == len(shipped) == len(half) + MANY
    assert f"filed: {AT_ONCE} of {MANY}" in errors.decode()


async def is_waiting(database: Database) -> bool:
    async with database.begin() as tx:
        return (await tx.scalar(text("select count(*) from outbox")) or 0) >= MOST_WAITING


async def test_an_operator_tells_some_again_and_nobody_else_does(
    environment: dict[str, str], database: Database, streams: Nats, told: ToldIn
) -> None:
    there = await file(database, AT_ONCE + 3)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        settings = Settings().model_copy(update={"admin_key": SecretStr("key")})  # pyright: ignore[reportCallIssue]
    operator = {"Authorization": "Bearer key"}
    path = "/v1/admin/retelling"

    async with serving(create_app(Role.API, settings)) as client:
        totals = (await client.get(path, headers=operator)).json()
        steps: list[Any] = []
        go_on: Any = {}
        while go_on is not None:
            steps.append((await client.post(path, headers=operator, json=go_on)).json())
            go_on = steps[-1]["next"]
        refused = await client.post(path, json={})
        unknown = await client.post(path, headers=operator, json={"chapter": str(uuid4())})

        async def shipped() -> bool:
            return len(await told("CASES")) == len(there)

        await eventually(shipped)

    assert totals == {"aggregates": {"filed": len(there), "noted": 0}}
    assert [one["told"] for one in steps] == [AT_ONCE, 3, 0]
    assert (refused.status, unknown.status) == (401, 422)
    assert {one.complaint_id for one in read(await told("CASES"))} == there
