"""What a group promises to those who join it."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from looking import place
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import INVALID_SPAN_CONTEXT

from tocsin_common.group_commit import GroupCommit, Overloaded
from tocsin_common.telemetry import span


class Blame(Exception):
    """A member that can never succeed."""


class Ledger:
    """Stands for a database: what was committed, in how many groups."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.groups: list[int] = []
        self.commits = 0
        self.begun = asyncio.Event()
        self.may_commit = asyncio.Event()
        self.may_commit.set()

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[list[Any]]:
        tx: list[Any] = []
        yield tx
        self.begun.set()
        await self.may_commit.wait()
        self.rows += tx
        self.commits += 1

    async def write(self, tx: list[Any], values: Sequence[Any]) -> list[str]:
        self.groups.append(len(values))
        await asyncio.sleep(0)
        for value in values:
            if value == "bad":
                raise Blame
            if value == "outage":
                raise ConnectionResetError
            tx.append(value)
        return [f"wrote {value}" for value in values]

    def group(self, **limits: Any) -> GroupCommit[list[Any], Any, str]:
        return GroupCommit(self.begin, self.write, **limits)


async def all_of(group: GroupCommit[Any, Any, Any], values: Sequence[Any]) -> list[Any]:
    return await asyncio.gather(*(group.join(value) for value in values), return_exceptions=True)


async def joining(group: GroupCommit[Any, Any, Any], *values: Any) -> list[asyncio.Task[Any]]:
    """Let members join and wait, without waiting for them."""
    tasks = [asyncio.create_task(group.join(value)) for value in values]
    await asyncio.sleep(0)
    return tasks


async def test_those_who_arrive_together_commit_once_in_order_with_their_own_results() -> None:
    ledger = Ledger()
    group = ledger.group()

    async with group.running():
        results = await all_of(group, range(200))

    assert results == [f"wrote {n}" for n in range(200)]
    assert ledger.rows == list(range(200))
    assert ledger.commits == 1


async def test_who_arrives_while_a_group_commits_is_in_the_next_one() -> None:
    ledger = Ledger()
    ledger.may_commit.clear()
    group = ledger.group()

    async with group.running():
        [first] = await joining(group, "first")
        await ledger.begun.wait()
        others = await joining(group, "second", "third")
        ledger.may_commit.set()
        await asyncio.gather(first, *others)

    assert ledger.groups == [1, 2]


@pytest.mark.parametrize("at", [0, 1, 99, 100, 199])
async def test_one_bad_member_among_200_fails_alone(at: int) -> None:
    ledger = Ledger()
    group = ledger.group()

    async with group.running():
        results = await all_of(group, ["bad" if n == at else n for n in range(200)])

    assert isinstance(results.pop(at), Blame)
    assert results == [f"wrote {n}" for n in range(200) if n != at]
    assert ledger.rows == [n for n in range(200) if n != at]
    assert len(ledger.groups) <= 25


async def test_ten_bad_members_fail_alone() -> None:
    ledger = Ledger()
    group = ledger.group()

    async with group.running():
        results = await all_of(group, ["bad" if n % 20 == 7 else n for n in range(200)])

    assert [n for n, one in enumerate(results) if isinstance(one, Blame)] == list(range(7, 200, 20))
    assert ledger.rows == [n for n in range(200) if n % 20 != 7]


async def test_an_outage_fails_all_at_once_and_is_not_retried() -> None:
    ledger = Ledger()
    group = ledger.group()

    async with group.running():
        results = await all_of(group, ["outage" if n == 7 else n for n in range(200)])
        later = await group.join("later")

    assert {type(one) for one in results} == {ConnectionResetError}
    assert ledger.groups == [200, 1]
    assert later == "wrote later"


async def test_who_leaves_before_the_group_begins_leaves_no_trace() -> None:
    ledger = Ledger()
    ledger.may_commit.clear()
    group = ledger.group()

    async with group.running():
        [first] = await joining(group, "first")
        await ledger.begun.wait()
        gone, stays = await joining(group, "gone", "stays")
        gone.cancel()
        ledger.may_commit.set()
        await asyncio.gather(first, stays)

    assert ledger.rows == ["first", "stays"]


async def test_who_leaves_during_the_commit_changes_nothing_for_the_others() -> None:
    ledger = Ledger()
    ledger.may_commit.clear()
    group = ledger.group()

    async with group.running():
        gone, stays = await joining(group, "gone", "stays")
        await ledger.begun.wait()
        gone.cancel()
        ledger.may_commit.set()
        assert await stays == "wrote stays"

    assert ledger.rows == ["gone", "stays"]


async def test_a_full_queue_refuses_whoever_is_too_many() -> None:
    ledger = Ledger()
    group = ledger.group(waiting=10, size=5)

    async with group.running():
        results = await all_of(group, range(30))

    assert [type(one) for one in results[10:]] == [Overloaded] * 20
    assert ledger.rows == list(range(10))


async def test_who_brings_many_at_once_gets_an_outcome_for_each() -> None:
    ledger = Ledger()
    group = ledger.group()
    values = ["bad" if n == 7 else n for n in range(20)]

    async with group.running():
        results = await group.join_all(values, [INVALID_SPAN_CONTEXT] * 20)

    assert isinstance(results[7], Blame)
    assert [one for one in results if one is not results[7]] == [
        f"wrote {n}" for n in range(20) if n != 7
    ]
    assert ledger.rows == [n for n in range(20) if n != 7]


async def test_of_many_at_once_those_that_fit_are_done_and_the_rest_refused() -> None:
    ledger = Ledger()
    group = ledger.group(waiting=10)

    async with group.running():
        results = await group.join_all(range(12), [INVALID_SPAN_CONTEXT] * 12)

    assert results[:10] == [f"wrote {n}" for n in range(10)]
    assert [type(one) for one in results[10:]] == [Overloaded] * 2
    assert ledger.rows == list(range(10))


async def test_a_group_that_is_not_open_refuses() -> None:
    group = Ledger().group()

    with pytest.raises(Overloaded):
        await group.join("too early")
    async with group.running():
        pass
    with pytest.raises(Overloaded):
        await group.join("too late")


async def test_closing_settles_everyone_who_waits() -> None:
    ledger = Ledger()
    group = ledger.group(size=10)

    async with group.running():
        waiting = await joining(group, *range(100))

    assert ledger.rows == list(range(100))
    assert [task.result() for task in waiting] == [f"wrote {n}" for n in range(100)]


async def test_a_drain_cut_short_leaves_nobody_hanging() -> None:
    ledger = Ledger()
    ledger.may_commit.clear()
    group = ledger.group(size=10)
    waiting: list[asyncio.Task[Any]] = []

    async def serve() -> None:
        async with group.running():
            waiting.extend(await joining(group, *range(100)))
            await ledger.begun.wait()

    serving = asyncio.create_task(serve())
    await ledger.begun.wait()
    await asyncio.sleep(0)  # it is leaving now, and waits for the commit
    serving.cancel()

    assert len(waiting) == 100
    done, hanging = await asyncio.wait(waiting, timeout=1)
    assert not hanging
    assert all(task.cancelled() for task in done)
    assert ledger.rows == []


async def test_an_effect_that_forgets_a_member_commits_nothing() -> None:
    ledger = Ledger()

    async def forget(tx: list[Any], values: Sequence[Any]) -> list[str]:
        tx.extend(values)
        return []

    group = GroupCommit(ledger.begin, forget)
    async with group.running():
        results = await all_of(group, range(4))

    assert {type(one) for one in results} == {ValueError}
    assert ledger.rows == []


async def test_a_commit_that_hangs_is_an_outage() -> None:
    def never(_: Exception) -> bool:
        return False

    ledger = Ledger()
    ledger.may_commit.clear()
    group = ledger.group(patience=0.05, is_outage=never)

    async with group.running():
        results = await all_of(group, range(10))

    assert {type(one) for one in results} == {TimeoutError}
    assert ledger.groups == [10]


async def test_a_failure_nobody_waits_for_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    ledger = Ledger()
    group = ledger.group()

    async with group.running():
        [waiting] = await joining(group, "bad")
        waiting.cancel()
        await group.join("next")
    del waiting
    gc.collect()

    assert not caplog.records


async def test_a_group_is_linked_to_the_span_of_each_member(spans: InMemorySpanExporter) -> None:
    group = Ledger().group()

    async def request() -> None:
        with span("request"):
            await group.join("something")

    async with group.running():
        await asyncio.gather(*(request() for _ in range(5)))

    finished = spans.get_finished_spans()
    [commit] = [one for one in finished if one.name == "commit group"]
    requests = {place(one).span_id for one in finished if one.name == "request"}
    assert {link.context.span_id for link in commit.links} == requests
    assert len(requests) == 5
    assert commit.parent is None
