"""What becomes of an event: handled in order, tried again, set aside, and never lost."""

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from asyncpg import CannotConnectNowError, InterfaceError
from asyncpg.exceptions import InternalClientError
from builders import a_complaint, a_status
from conftest import Hearing, Shipping, bus_of
from looking import all_filed, all_parked, parked, place
from nats.aio.client import Client as Nats
from nats.js.api import ConsumerInfo
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_trace_id
from prometheus_client import REGISTRY
from sample.handlers import failing_on, on_complaints_received
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import listening, messaging, outbox, pulling
from tocsin_common.database import Database
from tocsin_common.errors import RuleBroken
from tocsin_common.listening import Told
from tocsin_common.telemetry import current_trace, span
from tocsin_common.testing import eventually
from tocsin_common.testing.fixtures import Tell, ToldIn
from tocsin_common.testing.servers import Servers
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_contracts.streams import CASES, INTAKE

CONSUMER = "cases_complaints_received"
CANARY = "canary-4f1d"

Complaints = Sequence[Told[ComplaintReceived]]


class UnknownCode(RuleBroken):
    """A rule of the handler."""


async def settled(streams: Nats) -> ConsumerInfo:
    """The consumer, once nothing of it waits."""

    async def look() -> ConsumerInfo | None:
        info = await streams.jetstream().consumer_info("COMPLAINTS", CONSUMER)
        return None if info.num_ack_pending or info.num_pending else info

    return await eventually(look, within=30)


def deliveries(info: ConsumerInfo) -> int:
    assert info.delivered
    return info.delivered.consumer_seq


async def test_events_are_handled_in_the_order_of_their_stream(
    database: Database, hearing: Hearing, tell: Tell, streams: Nats
) -> None:
    events = [a_complaint() for _ in range(600)]
    for event in events:
        await tell(event)

    async with hearing(on_complaints_received):
        ids = await eventually(all_filed(database, 600))

        assert ids == [event.complaint_id for event in events]
        assert deliveries(await settled(streams)) == 600


async def test_a_lone_event_is_handled_at_once(
    database: Database, hearing: Hearing, tell: Tell, spans: InMemorySpanExporter
) -> None:
    handled: dict[UUID, float] = {}
    waits: list[float] = []

    async def note(_: AsyncConnection, told: Complaints) -> None:
        handled.update({one.event.event_id: time.perf_counter() for one in told})

    async with hearing(note):
        for _ in range(40):
            event = a_complaint()
            await tell(event)
            stored = time.perf_counter()
            await eventually(partial(handled.get, event.event_id))
            waits.append(handled[event.event_id] - stored)

    assert statistics.median(waits) < pulling.OPEN / 2, "nobody waited for the next request"
    assert "hear tocsin.complaints.received.v1" in {one.name for one in spans.get_finished_spans()}


async def test_a_body_that_does_not_decode_is_a_dead_letter_and_harms_nobody(
    database: Database, hearing: Hearing, tell: Any, streams: Nats
) -> None:
    events = [a_complaint() for _ in range(9)]
    for event in events[:5]:
        await tell(event)
    await tell(a_complaint(), body=b'{"complaint_id": "%s"}' % CANARY.encode())
    await tell(a_complaint(), body=b"\xff%s" % CANARY.encode())
    for event in events[5:]:
        await tell(event)

    async with hearing(on_complaints_received):
        assert await eventually(all_filed(database, 9)) == [one.complaint_id for one in events]
        dead = await eventually(all_parked(database, 2))

        assert deliveries(await settled(streams)) == 11
    for one in dead:
        assert one["retry_at"] is None
        assert one["reason"].startswith("ValidationError")
        assert CANARY not in one["reason"]
    assert CANARY.encode() in dead[0]["body"]


async def test_an_event_that_breaks_a_rule_is_a_dead_letter_at_once(
    database: Database, hearing: Hearing, tell: Tell, streams: Nats
) -> None:
    events = [a_complaint(channel="bad" if n == 4 else "phone") for n in range(10)]
    for event in events:
        await tell(event)

    async with hearing(failing_on("bad", UnknownCode, CANARY)):
        await eventually(all_filed(database, 9))
        [dead] = await eventually(all_parked(database, 1))

        assert deliveries(await settled(streams)) == 10
    assert dead["msg_id"] == str(events[4].event_id)
    assert dead["retry_at"] is None
    assert dead["reason"].startswith("UnknownCode at handlers.py:")
    assert CANARY not in dead["reason"]


async def test_an_event_that_meets_a_bug_is_tried_five_times_and_then_set_aside(
    database: Database, hearing: Hearing, tell: Tell, streams: Nats
) -> None:
    await tell(a_complaint(channel="bad"))

    async with hearing(failing_on("bad", ZeroDivisionError)):
        [aside] = await eventually(all_parked(database, 1))
        await tell(a_complaint())
        await eventually(all_filed(database, 1))

        assert deliveries(await settled(streams)) == 5 + 1
    assert aside["reason"].startswith("ZeroDivisionError at handlers.py:")
    assert aside["retry_at"] > aside["parked_at"]


async def test_a_thousand_failing_events_do_not_stop_the_good_ones(
    database: Database,
    hearing: Hearing,
    tell: Tell,
    streams: Nats,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listening, "DELIVERIES", 2)  # five take longer and show no more
    for _ in range(1000):
        await tell(a_complaint(channel="bad"))
    for _ in range(200):
        await tell(a_complaint())

    async with hearing(failing_on("bad", ZeroDivisionError)):
        await eventually(all_filed(database, 200), within=30)
        await eventually(all_parked(database, 1000), within=30)

        await settled(streams)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        CannotConnectNowError("starting up"),
        InternalClientError("unexpected"),
        InterfaceError("connection is closed"),
        PoolTimeout("no connection is free"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_failure_that_blames_no_event_sets_nothing_aside(
    database: Database,
    hearing: Hearing,
    tell: Tell,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    monkeypatch.setattr(listening, "DELIVERIES", 1)  # any other failure would be parked
    monkeypatch.setattr(listening, "OUTAGE_PAUSE", 0.05)
    failures = [error] * 3

    async def handle(tx: AsyncConnection, told: Complaints) -> None:
        if failures:
            raise failures.pop()
        await on_complaints_received(tx, told)

    await tell(a_complaint())
    async with hearing(handle):
        await eventually(all_filed(database, 1))

    assert not failures
    assert not await parked(database)


async def test_an_outage_of_the_database_sets_nothing_aside(
    database: Database,
    hearing: Hearing,
    servers: Servers,
    tell: Tell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listening, "DELIVERIES", 1)  # any other failure would be parked
    events = [a_complaint() for _ in range(100)]

    async with hearing(on_complaints_received):
        for event in events[:50]:
            await tell(event)
        await eventually(all_filed(database, 50))
        servers.postgres.kill()
        came_again = outcomes("again")
        for event in events[50:]:
            await tell(event)
        await eventually(lambda: outcomes("again") >= came_again + 50 * 2)
        servers.postgres.start()

        ids = await eventually(all_filed(database, 100))

    assert set(ids) == {event.complaint_id for event in events}
    assert not await parked(database)


def outcomes(outcome: str) -> float:
    labels = {"consumer": CONSUMER, "outcome": outcome}
    return REGISTRY.get_sample_value("tocsin_handled_total", labels) or 0


async def test_who_starts_before_nats_hears_everything_once_it_is_up(
    database: Database, servers: Servers, streams: Nats, tell: Tell
) -> None:
    await tell(a_complaint())
    servers.nats.kill()
    bus = bus_of(servers, CASES, database)
    bus.listen(ComplaintReceived, on_complaints_received)

    async with bus.running():
        assert bus.waiting_for() == "nats: no connection"
        servers.nats.start()

        await eventually(all_filed(database, 1))
        assert bus.waiting_for() is None


async def test_a_parked_event_is_tried_again_when_it_is_due(
    database: Database, hearing: Hearing, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messaging, "PARKED_POLL", 0.05)
    monkeypatch.setattr(listening, "DELIVERIES", 1)
    event = a_complaint(channel="bad")
    await tell(event)
    async with hearing(failing_on("bad", ZeroDivisionError)):
        [aside] = await eventually(all_parked(database, 1))
    assert aside["attempts"] == 1

    async with hearing(failing_on("bad", ZeroDivisionError)):
        await make_due(database)
        [again] = await eventually(twice_tried(database))
    assert again["retry_at"] - again["parked_at"] > aside["retry_at"] - aside["parked_at"]

    async with hearing(on_complaints_received):  # the bug is mended
        await make_due(database)
        assert await eventually(all_filed(database, 1)) == [event.complaint_id]
        await eventually(lambda: nothing_parked(database))


async def make_due(database: Database) -> None:
    async with database.begin() as tx:
        await tx.execute(text("update parked set retry_at = now()"))


def twice_tried(database: Database) -> Callable[[], Awaitable[Sequence[Any]]]:
    async def look() -> Sequence[Any]:
        return [one for one in await parked(database) if one["attempts"] == 2]

    return look


async def nothing_parked(database: Database) -> bool:
    return not await parked(database)


async def test_one_trace_leads_from_the_outbox_through_a_listener_to_the_next_outbox(
    database: Database,
    another_database: Database,
    hearing: Hearing,
    shipping: Shipping,
    told: ToldIn,
    spans: InMemorySpanExporter,
) -> None:
    async def answer(tx: AsyncConnection, told: Complaints) -> None:
        rows = [
            outbox.prepare(a_status(complaint_id=one.event.complaint_id), trace=one.trace)
            for one in told
        ]
        await outbox.record(tx, rows)

    begun: dict[UUID, str] = {}
    for _ in range(5):
        event = a_complaint()
        with span("POST", root=True):
            begun[event.complaint_id] = trace_id(current_trace())
            async with another_database.begin() as tx:
                await outbox.record(tx, [event])

    async with shipping(INTAKE, another_database), shipping(), hearing(answer):

        async def answered() -> Any:
            messages = await told("CASES")
            return messages if len(messages) == 5 else []

        messages = await eventually(answered)

    ended = {
        UUID(one.headers["ce-subject"]): trace_id(one.headers["traceparent"]) for one in messages
    }
    assert ended == begun
    heard = [one for one in spans.get_finished_spans() if one.name.startswith("hear ")]
    assert {format_trace_id(place(one).trace_id) for one in heard} == set(begun.values())


def trace_id(traceparent: str | None) -> str:
    assert traceparent
    return traceparent.split("-")[1]
