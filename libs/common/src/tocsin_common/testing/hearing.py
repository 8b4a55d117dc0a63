"""Whether everything that was told has been heard, as the server knows it."""

from collections.abc import Iterable

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from tocsin_contracts.streams import Consumer


async def all_heard(jetstream: JetStreamContext, consumers: Iterable[Consumer]) -> bool:
    """Say whether these consumers have settled all there is for them.

    A message is acknowledged to its teller a moment before it counts as pending, so what counts is
    how far a consumer has come in its stream.
    """
    for consumer in consumers:
        info = await jetstream.consumer_info(consumer.stream.name, consumer.name)
        if info.num_pending or info.num_ack_pending or not info.delivered:
            return False
        last = await _last(jetstream, consumer)
        if info.delivered.stream_seq < last:
            return False
    return True


async def _last(jetstream: JetStreamContext, consumer: Consumer) -> int:
    """Where the newest message for a consumer lies; 0: there is none."""
    try:
        found = await jetstream.get_last_msg(consumer.stream.name, consumer.event.subject)
    except NotFoundError:
        return 0
    return found.seq or 0
