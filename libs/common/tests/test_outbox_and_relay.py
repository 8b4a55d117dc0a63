"""From a commit to the stream: nothing lost, nothing doubled, in order."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from builders import a_status, an_alert, an_organisation
from conftest import Shipping, bus_of
from nats.aio.client import Client as Nats
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from opentelemetry.trace import format_trace_id
from sqlalchemy import text

from tocsin_common import messaging, outbox, provision, relay
from tocsin_common.database import Database
from tocsin_common.messaging import Bus
from tocsin_common.outbox import EventTooLarge
from tocsin_common.relay import Relay
from tocsin_common.telemetry import span
from tocsin_common.testing import eventually
from tocsin_common.testing.fixtures import Tell, ToldIn
from tocsin_common.testing.servers import Servers
from tocsin_contracts.events.base import Event
from tocsin_contracts.streams import CASES, STREAMS


async def record(database: Database, *events: Event) -> None:
    async with database.begin() as tx:
        await outbox.record(tx, events)


async def unsent(database: Database) -> int:
    async with database.begin() as tx:
        return (await tx.execute(text("select count(*) from outbox"))).scalar_one()


async def all_sent(database: Database) -> None:
    async def none_left() -> bool:
        return await unsent(database) == 0

    await eventually(none_left)


async def ids_in(told: ToldIn, stream: str) -> list[UUID]:
    return [UUID((message.headers or {})["Nats-Msg-Id"]) for message in await told(stream)]


def ids_of(events: Sequence[Event]) -> list[UUID]:
    return [event.event_id for event in events]


async def test_each_stream_keeps_the_order_in_which_events_were_recorded(
    database: Database, shipping: Shipping, told: ToldIn
) -> None:
    statuses = [a_status() for _ in range(1200)]
    alerts = [an_alert() for _ in range(1200)]
    async with shipping():
        for start in range(0, 1200, 60):
            events = zip(statuses[start : start + 60], alerts[start : start + 60], strict=True)
            await record(database, *(event for pair in events for event in pair))

        await all_sent(database)

    assert await ids_in(told, "CASES") == ids_of(statuses)
    assert await ids_in(told, "ALERTS") == ids_of(alerts)


async def test_what_a_transaction_rolled_back_is_never_shipped(
    database: Database, shipping: Shipping, told: ToldIn
) -> None:
    kept = a_status()
    async with shipping():
        async with database.engine.connect() as tx:
            await outbox.record(tx, [a_status()])
            await tx.rollback()
        await record(database, kept)

        await all_sent(database)

    assert await ids_in(told, "CASES") == [kept.event_id]


@pytest.mark.parametrize("count", [1, 2, relay.FEW, relay.FEW + 1, 10])
async def test_what_was_published_but_not_deleted_is_not_doubled(
    count: int, database: Database, shipping: Shipping, tell: Tell, told: ToldIn
) -> None:
    events = [a_status() for _ in range(count)]
    for event in events[:3]:  # a relay died between publishing these and deleting them
        await tell(event)
    await record(database, *events)

    async with shipping():
        await all_sent(database)

    assert await ids_in(told, "CASES") == ids_of(events)


async def test_what_stands_around_one_that_was_published_before_is_shipped_in_order(
    database: Database, shipping: Shipping, tell: Tell, told: ToldIn
) -> None:
    first, known, last = a_status(), a_status(), a_status()
    await tell(known)
    await record(database, first, known, last)

    async with shipping():
        await all_sent(database)

    assert await ids_in(told, "CASES") == ids_of([known, first, last])


async def test_one_of_two_relays_ships_and_the_other_takes_over_when_it_dies(
    database: Database, servers: Servers, shipping: Shipping, told: ToldIn, streams: Nats
) -> None:
    first, second, third = a_status(), a_status(), a_status()

    async with shipping():
        active = await eventually(lambda: pids(database, granted=True))
        async with shipping():
            [standby] = await eventually(lambda: pids(database, granted=False))
            await record(database, first)
            await all_sent(database)
            assert await pids(database, granted=True) == active

            async with database.begin() as tx:
                await tx.execute(text("select pg_terminate_backend(:pid)"), {"pid": active[0]})
            await record(database, second)
            await all_sent(database)
            assert await pids(database, granted=True) == [standby]
        await record(database, third)
        await all_sent(database)

    assert await ids_in(told, "CASES") == ids_of([first, second, third])


async def test_a_relay_that_lost_nats_lets_another_one_ship(
    database: Database, shipping: Shipping, told: ToldIn, streams: Nats
) -> None:
    event = a_status()

    async with shipping() as active:
        await eventually(lambda: pids(database, granted=True))
        async with shipping():
            await eventually(lambda: pids(database, granted=False))
            await bus_of_relay(active).broker.stop()  # the one that holds the lock
            await record(database, event)

            await all_sent(database)

    assert await ids_in(told, "CASES") == [event.event_id]


def bus_of_relay(shipper: Relay) -> Bus:
    return shipper._bus  # pyright: ignore[reportPrivateUsage]


async def pids(database: Database, *, granted: bool) -> list[int]:
    """Whose is the relays' lock, or who waits for it."""
    query = text(
        "select pid from pg_locks where locktype = 'advisory' and granted = :granted and "
        "database = (select oid from pg_database where datname = current_database())"
    )
    async with database.begin() as tx:
        return list((await tx.scalars(query, {"granted": granted})).all())


async def test_a_stream_that_refuses_does_not_starve_another(
    database: Database,
    shipping: Shipping,
    told: ToldIn,
    streams: Nats,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay, "PATIENCE", 0.2)
    await resize(streams, "REGISTRY", 1000)
    refused = [an_organisation() for _ in range(20)]
    alerts = [an_alert() for _ in range(20)]

    async with shipping() as shipper:
        await record(database, *refused)
        for alert in alerts:
            await record(database, alert)
        await eventually(lambda: shipper.waiting_for() is not None)

        await record(database, an_alert())
        assert len(await eventually(lambda: at_least(told, "ALERTS", 21))) == 21
        assert shipper.waiting_for() == "outbox: NATS does not accept REGISTRY"
        assert await age(database) > 0.2
        assert await unsent(database) == 20

        await resize(streams, "REGISTRY", 1 << 20)
        await all_sent(database)
        await eventually(lambda: shipper.waiting_for() is None)
        assert await age(database) == 0

    assert await ids_in(told, "REGISTRY") == ids_of(refused)


async def resize(streams: Nats, name: str, max_bytes: int) -> None:
    [stream] = [stream for stream in STREAMS if stream.name == name]
    config = provision.stream_config(stream, replicas=1, max_bytes=max_bytes)
    await streams.jetstream().update_stream(config)


async def at_least(told: ToldIn, stream: str, count: int) -> list[Any]:
    messages = await told(stream)
    return messages if len(messages) >= count else []


async def age(database: Database) -> float:
    async with database.begin() as tx:
        waiting = await outbox.oldest(tx)
    return waiting.age if waiting else 0


async def test_a_relay_that_starts_before_nats_ships_once_it_is_up(
    database: Database, servers: Servers, shipping: Shipping, told: ToldIn
) -> None:
    event = a_status()
    servers.nats.kill()

    async with shipping():
        await record(database, event)
        servers.nats.start()

        await all_sent(database)

    assert await ids_in(told, "CASES") == [event.event_id]


async def test_what_is_told_while_nats_is_down_is_shipped_when_it_is_back(
    database: Database, servers: Servers, shipping: Shipping, told: ToldIn
) -> None:
    events = [a_status() for _ in range(3)]

    async with shipping():
        await record(database, events[0])
        await all_sent(database)
        servers.nats.kill()
        await record(database, events[1], events[2])
        servers.nats.start()

        await all_sent(database)

    assert await ids_in(told, "CASES") == ids_of(events)


async def test_an_event_that_nats_would_refuse_does_not_commit(database: Database) -> None:
    with pytest.raises(EventTooLarge):
        async with database.begin() as tx:
            await outbox.record(tx, [a_status(), an_organisation_of(outbox.MAX_MESSAGE)])

    assert await unsent(database) == 0


async def test_the_largest_event_that_commits_is_accepted_by_nats(
    database: Database, shipping: Shipping, told: ToldIn
) -> None:
    frame = outbox.prepare(an_organisation_of(1))
    largest = outbox.MAX_MESSAGE - len(frame.payload) - len(frame.headers) + 1
    events = [an_organisation_of(largest) for _ in range(2)]

    await record(database, *events)
    async with shipping():
        await all_sent(database)

    assert await ids_in(told, "REGISTRY") == ids_of(events)


def an_organisation_of(size: int) -> Event:
    """An organisation with an absurd name, past what the class allows."""
    return an_organisation().model_copy(update={"name": "x" * size})


async def test_a_stream_that_leaves_amber_carries_a_fresh_trace_and_nothing_of_its_cause(
    database: Database, shipping: Shipping, told: ToldIn
) -> None:
    with span("amber work", root=True) as amber:
        await record(database, a_status(), an_alert(), an_organisation())
    amber_trace = format_trace_id(amber.get_span_context().trace_id)

    async with shipping():
        await all_sent(database)

    [status] = await told("CASES")
    [alert] = await told("ALERTS")
    [organisation] = await told("REGISTRY")
    assert trace_id(status) == amber_trace
    assert len({amber_trace, trace_id(alert), trace_id(organisation)}) == 3
    for message in (alert, organisation):
        assert amber_trace not in str(message.headers) + message.data.decode()
        assert set(message.headers or {}) == {
            "Nats-Msg-Id",
            "ce-specversion",
            "ce-id",
            "ce-type",
            "ce-source",
            "ce-time",
            "ce-subject",
            "content-type",
            "traceparent",
        }


async def test_a_trace_in_a_row_of_an_unlinked_stream_is_dropped_by_the_relay(
    database: Database, shipping: Shipping, told: ToldIn
) -> None:
    row = outbox.prepare(an_alert())
    planted = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
    headers = json.dumps(json.loads(row.headers) | {"traceparent": planted})
    async with database.begin() as tx:
        await outbox.record(tx, [outbox.Prepared(row.msg_id, "ALERTS", row.subject, headers, b"")])

    async with shipping():
        await all_sent(database)

    [alert] = await told("ALERTS")
    assert trace_id(alert) not in planted


def trace_id(message: Any) -> str:
    return message.headers["traceparent"].split("-")[1]


async def test_an_event_is_in_its_stream_at_once_and_not_after_a_poll(
    database: Database, shipping: Shipping, streams: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "POLL", 3600.0)
    inbox = streams.new_inbox()
    arriving = await streams.subscribe(inbox)
    watch = ConsumerConfig(
        deliver_subject=inbox, deliver_policy=DeliverPolicy.NEW, ack_policy=AckPolicy.NONE
    )
    await streams.jetstream().add_consumer("CASES", watch)

    async with shipping():
        for _ in range(50):
            await record(database, a_status())
            await arriving.next_msg(timeout=60)


async def test_a_permission_that_is_missing_is_named_until_it_is_not(
    database: Database, servers: Servers, streams: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "PATIENCE", 0.2)
    monkeypatch.setattr(messaging, "REFUSED", 2.0)
    row = outbox.prepare(a_status())
    foreign = outbox.Prepared(row.msg_id, "CASES", "tocsin.buyers.x.v1", row.headers, row.payload)
    bus = bus_of(servers, CASES, database)
    shipper = Relay(database, bus)

    async with bus.running(), shipper.running():
        async with database.begin() as tx:
            await outbox.record(tx, [foreign])

        await eventually(lambda: bus.waiting_for() and shipper.waiting_for())

        assert (
            bus.waiting_for() == "nats: this user lacks a permission; is the server's file current?"
        )
        assert shipper.waiting_for() == "outbox: NATS does not accept CASES"

        async with database.begin() as tx:
            await tx.execute(text("delete from outbox"))
        await eventually(lambda: bus.waiting_for() is shipper.waiting_for() is None)


async def test_recording_nothing_is_nothing(database: Database) -> None:
    async with database.begin() as tx:
        await outbox.record(tx, [])

    assert await unsent(database) == 0
