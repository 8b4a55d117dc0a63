"""Background work goes on whatever happens in a round, and ends when it is asked to."""

import asyncio
import time
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from tocsin_common.rounds import NO_PAUSE, Rounds, pause_after

LONG = 3600.0


class Work:
    """Notes when each round began, and does in it what it was told."""

    def __init__(self, *rounds: Exception | asyncio.CancelledError | timedelta | None) -> None:
        self.began: list[float] = []
        self._rounds = list(rounds)
        self._news = asyncio.Event()

    async def __call__(self) -> timedelta | None:
        self.began.append(time.monotonic())
        self._news.set()
        outcome = self._rounds.pop(0) if self._rounds else None
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def has_gone(self, rounds: int) -> None:
        while len(self.began) < rounds:
            self._news.clear()
            await self._news.wait()


def failures_of(name: str) -> float:
    return REGISTRY.get_sample_value("tocsin_rounds_failed_total", {"work": name}) or 0.0


async def test_work_that_fails_is_counted_told_without_its_words_and_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "tocsin.rounds")
    work = Work(ValueError("canary"), ValueError("canary"), NO_PAUSE)

    async with Rounds("sweeping", work, every=LONG, soon=0.001).running():
        await work.has_gone(4)

    assert failures_of("sweeping") == 2
    first, second, well = [record.getMessage() for record in caplog.records]
    assert first.startswith("sweeping failed, and goes on in 0.0 s: ValueError at test_rounds.py:")
    assert second.startswith("sweeping failed")
    assert well == "sweeping goes on after 2 failures"
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    ("failures", "pause"), [(0, 0.5), (1, 1.0), (2, 2.0), (6, 32.0), (7, 60.0), (10_000, 60.0)]
)
def test_pauses_double_up_to_a_bound(failures: int, pause: float) -> None:
    assert pause_after(failures, 0.5, 60.0) == pause


async def test_a_failure_has_its_pause_whoever_wakes() -> None:
    work = Work(OSError())
    rounds = Rounds("hasty", work, every=LONG, soon=0.05)

    async with rounds.running():
        await work.has_gone(1)
        rounds.wake()
        await work.has_gone(2)

    assert work.began[1] - work.began[0] >= 0.05


async def test_work_that_rests_is_woken_at_once() -> None:
    work = Work()
    rounds = Rounds("waking", work, every=LONG)

    async with rounds.running():
        for count in range(1, 4):
            await work.has_gone(count)
            rounds.wake()
        await work.has_gone(4)


async def test_who_is_woken_during_a_round_goes_once_more() -> None:
    began = asyncio.Queue[int]()
    go_on = asyncio.Event()

    async def work() -> None:
        began.put_nowait(1)
        await go_on.wait()

    rounds = Rounds("busy", work, every=LONG)
    async with rounds.running():
        await began.get()
        rounds.wake()
        go_on.set()
        await began.get()

    assert began.empty()


async def test_a_round_says_itself_when_the_next_one_is_due() -> None:
    work = Work(NO_PAUSE, timedelta(seconds=0.05))

    async with Rounds("saying", work, every=LONG).running():
        await work.has_gone(3)

    assert work.began[2] - work.began[1] >= 0.05


async def test_what_is_cancelled_inside_a_round_does_not_end_the_work() -> None:
    work = Work(asyncio.CancelledError())

    async with Rounds("cancelled", work, every=LONG, soon=0.001).running():
        await work.has_gone(2)

    assert failures_of("cancelled") == 1


async def test_a_round_under_way_is_cut_short_at_the_end_even_one_that_will_not_hear_of_it() -> (
    None
):
    began, ended = asyncio.Event(), asyncio.Event()

    async def deaf() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.set()

    async with asyncio.timeout(30):
        async with Rounds("deaf", deaf, every=LONG).running():
            await began.wait()

    assert ended.is_set()
    assert failures_of("deaf") == 0
