"""The work of a slot is done once, and made up for where it failed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from tocsin_cases.disclosure import slot_keeper
from tocsin_cases.disclosure.schedule import Every
from tocsin_cases.disclosure.slot_keeper import OnceASlot

SLOTS = Every(timedelta(milliseconds=50))


def counted(outcome: str) -> float:
    name = "tocsin_slot_work_total"
    return REGISTRY.get_sample_value(name, {"outcome": outcome}) or 0.0


async def test_every_slot_has_its_work_done_once_and_never_early() -> None:
    done: list[tuple[datetime, datetime]] = []
    enough = asyncio.Event()
    grace = timedelta(milliseconds=10)

    async def work(slot: datetime) -> None:
        done.append((slot, datetime.now(UTC)))
        if len(done) == 5:
            enough.set()

    async with OnceASlot("work", SLOTS, grace, work).running():
        await enough.wait()

    slots = [slot for slot, _ in done]
    assert slots == sorted(set(slots))
    assert all(SLOTS.last_slot(slot) == slot for slot in slots)
    assert all(at >= slot + grace for slot, at in done)


async def test_work_that_fails_is_done_in_the_end_and_both_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slot_keeper, "SOON", 0.001)
    tried: list[datetime] = []
    over = asyncio.Event()
    failed, done = counted("failed"), counted("done")

    async def work(slot: datetime) -> None:
        tried.append(slot)
        if len(tried) < 3:
            raise OSError
        if len(tried) == 4:
            over.set()

    async with OnceASlot("work", SLOTS, timedelta(), work).running():
        await over.wait()

    assert counted("failed") - failed == 2
    assert counted("done") - done >= 1
