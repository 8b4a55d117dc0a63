"""A service's connection: it comes back by itself, and goes when it is told to."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from builders import a_complaint
from conftest import Hearing, bus_of
from nats.aio.client import Client as Nats
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import Database
from tocsin_common.listening import Told
from tocsin_common.testing import eventually
from tocsin_common.testing.fixtures import Tell
from tocsin_common.testing.servers import Servers
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_contracts.streams import CASES

AT_ONCE = 5.0  # seconds


class Ear:
    """A handler that notes what it hears, and can be held up."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self, _: AsyncConnection, told: Sequence[Told[ComplaintReceived]]) -> None:
        self.begun.set()
        await self.may_end.wait()
        self.heard += [one.event.event_id for one in told]


async def test_stopping_while_it_waits_for_events_is_quick_and_leaves_nothing_behind(
    hearing: Hearing,
) -> None:
    before = asyncio.all_tasks()

    async with hearing(Ear()):
        stopping = time.monotonic()

    assert time.monotonic() - stopping < AT_ONCE
    await eventually(lambda: asyncio.all_tasks() <= before)


async def test_stopping_while_nats_is_down_is_quick_and_leaves_nothing_behind(
    hearing: Hearing, servers: Servers, streams: Nats, database: Database
) -> None:
    await streams.close()  # it would reconnect, too
    never_there = bus_of(servers, CASES, database)
    never_there.listen(ComplaintReceived, Ear())
    before = asyncio.all_tasks()

    async with hearing(Ear()):
        servers.nats.kill()
        async with never_there.running():
            await asyncio.sleep(0)
            stopping = time.monotonic()
    stopped = time.monotonic()
    servers.nats.start()

    assert stopped - stopping < AT_ONCE
    await eventually(lambda: asyncio.all_tasks() <= before)


async def test_what_is_being_handled_is_settled_before_it_stops(
    hearing: Hearing, tell: Tell, streams: Nats
) -> None:
    ear = Ear()
    ear.may_end.clear()

    async with hearing(ear):
        await tell(a_complaint())
        await ear.begun.wait()
        asyncio.get_running_loop().call_later(0.2, ear.may_end.set)

    assert len(ear.heard) == 1
    info = await streams.jetstream().consumer_info("COMPLAINTS", "cases_complaints_received")
    assert (info.num_ack_pending, info.num_pending) == (0, 0)


async def test_a_nats_that_was_killed_is_heard_again_once_it_is_back(
    hearing: Hearing, servers: Servers, tell: Tell
) -> None:
    ear = Ear()
    events = [a_complaint() for _ in range(4)]

    async with hearing(ear) as bus:
        await tell(events[0])
        await eventually(lambda: len(ear.heard) == 1)
        for event in events[1:]:
            servers.nats.kill()
            await eventually(lambda: bus.waiting_for() == "nats: no connection")
            servers.nats.start()
            await tell(event)
            await eventually(partial(ear.heard.count, event.event_id), within=AT_ONCE)

    assert set(ear.heard) == {event.event_id for event in events}
