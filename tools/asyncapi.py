"""What a service tells and hears, as AsyncAPI 3.0: read from the declared streams and events."""

from inspect import getdoc
from typing import Any

from pydantic.json_schema import models_json_schema

from tocsin_contracts.events.base import Event
from tocsin_contracts.streams import HEARERS, Consumer, Stream, heard_by, stream_of, told_by

Json = dict[str, Any]

HEADERS: Json = {
    "type": "object",
    "required": [
        "Nats-Msg-Id",
        "ce-specversion",
        "ce-id",
        "ce-type",
        "ce-source",
        "ce-time",
        "ce-subject",
    ],
    "properties": {
        "Nats-Msg-Id": {
            "type": "string",
            "format": "uuid",
            "description": "The event's id; JetStream drops it when it comes again.",
        },
        "ce-specversion": {"const": "1.0"},
        "ce-id": {"type": "string", "format": "uuid", "description": "The event's id."},
        "ce-type": {"type": "string", "description": "The subject."},
        "ce-source": {"type": "string", "examples": ["/tocsin/cases"]},
        "ce-time": {"type": "string", "format": "date-time"},
        "ce-subject": {"type": "string", "format": "uuid", "description": "The aggregate's id."},
    },
}
"""CloudEvents 1.0 attributes, in binary mode."""

TRACEPARENT: Json = {"type": "string", "description": "W3C Trace Context, where there is one."}


def document(service: str) -> Json:
    """Describe one service's side of the bus."""
    told = [event for event in HEARERS if stream_of(event) in told_by(service)]
    heard = heard_by(service)
    events = [*told, *(consumer.event for consumer in heard)]
    _, definitions = models_json_schema(
        [(event, "validation") for event in events],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Tocsin {service}",
            "version": "1",
            "description": (
                "What this service tells and hears over NATS JetStream. A fact may come twice and "
                "out of order; it carries the full state of its aggregate at `version`, so hearing "
                "it is to keep it if it is newer."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {_key(event): _channel(event) for event in events},
        "operations": {
            **{f"tell_{_key(event)}": _telling(event) for event in told},
            **{f"hear_{_key(consumer.event)}": _hearing(consumer) for consumer in heard},
        },
        "components": {
            "messages": {event.__name__: _message(event) for event in events},
            "schemas": definitions["$defs"],
        },
    }


def _key(event: type[Event]) -> str:
    """Like `alerts_raised`."""
    _, stream, fact, _ = event.subject.split(".")
    return f"{stream}_{fact}"


def _channel(event: type[Event]) -> Json:
    stream, hearers = stream_of(event), HEARERS[event]
    heard = f"Heard by {', '.join(hearers)}." if hearers else "Nobody hears it yet."
    return {
        "address": event.subject,
        "description": f"{_summary(event)} Told by {stream.teller}. {heard}",
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}},
        "x-stream": stream.name,
        "x-zone": stream.zone.value,
    }


def _telling(event: type[Event]) -> Json:
    return _operation("send", event)


def _hearing(consumer: Consumer) -> Json:
    return _operation("receive", consumer.event) | {"x-durable": consumer.name}


def _operation(action: str, event: type[Event]) -> Json:
    channel = f"#/channels/{_key(event)}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "summary": _summary(event),
        "messages": [{"$ref": f"{channel}/messages/{event.__name__}"}],
    }


def _message(event: type[Event]) -> Json:
    return {
        "name": event.subject,
        "title": event.__name__,
        "summary": _summary(event),
        "headers": _headers(stream_of(event)),
        "payload": {"$ref": f"#/components/schemas/{event.__name__}"},
        "x-aggregate": {"kind": event.kind, "identified-by": event.identified_by},
    }


def _headers(stream: Stream) -> Json:
    """The headers of a stream's messages: one that leaves amber carries no trace (L1)."""
    if stream.unlinked:
        return HEADERS
    return HEADERS | {"properties": {**HEADERS["properties"], "traceparent": TRACEPARENT}}


def _summary(event: type[Event]) -> str:
    return (getdoc(event) or "").partition("\n")[0]
