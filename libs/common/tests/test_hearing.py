"""Tests know when everything that was told has been heard."""

from builders import a_complaint
from nats.aio.client import Client as Nats

from tocsin_common.testing import all_heard
from tocsin_common.testing.fixtures import Tell, connect
from tocsin_common.testing.servers import Servers
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_contracts.streams import CASES, Consumer

HEARER = [Consumer(CASES, ComplaintReceived)]


async def test_what_was_told_just_now_is_not_taken_for_heard(
    servers: Servers, streams: Nats, tell: Tell
) -> None:
    """The server acknowledges a message a moment before it counts it for its consumers."""
    jetstream = streams.jetstream()
    [consumer] = HEARER
    cases = await connect(servers, CASES)
    ear = await cases.jetstream().pull_subscribe_bind(consumer.name, stream=consumer.stream.name)
    before = await all_heard(jetstream, HEARER)
    early: list[bool] = []
    for _ in range(200):
        await tell(a_complaint())
        early.append(await all_heard(jetstream, HEARER))
        [message] = await ear.fetch(1, timeout=30)
        await message.ack_sync(timeout=30)
    after = await all_heard(jetstream, HEARER)
    await cases.close()

    assert (before, after) == (True, True)
    assert not any(early)
