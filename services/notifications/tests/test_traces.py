"""From a release to its webhook is one trace, and none of it reaches the receiver (L1)."""

import json
from collections.abc import Generator
from typing import Any

import pytest
from builders import an_alert, an_organisation
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from receiver import Receiver
from scene import Scene

from tocsin_common.telemetry import TRACE_ATTRIBUTES
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client

RELEASED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def exporter() -> Generator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    yield exporter
    provider.shutdown()


async def test_every_attempt_continues_the_trace_of_the_release(
    exporter: InMemorySpanExporter,
    notifications: Client,
    scene: Scene,
    receiver: Receiver,
    told: Any,
) -> None:
    maker = an_organisation()
    receiver.answer_with("/hook", 500)
    await scene.listener(receiver.url(), reach=[maker.organisation_id])

    await scene.release(an_alert(organisations=(maker,)), trace=RELEASED)
    await scene.delivered(1)
    messages = await eventually(lambda: told("DELIVERIES"))

    spans = exporter.get_finished_spans()
    by_id = {one.context.span_id: one for one in spans if one.context}
    attempts = [one for one in spans if one.name == "deliver"]
    outcomes = [(one.attributes or {})["tocsin.outcome"] for one in attempts]
    assert outcomes == ["status", "delivered"]
    for attempt in attempts:
        assert (attempt.attributes or {}).keys() <= TRACE_ATTRIBUTES
        assert attempt.parent
        assert f"{attempt.parent.trace_id:032x}" == RELEASED.split("-")[1]
        assert by_id[attempt.parent.span_id].name == "hear tocsin.alerts.raised.v1"
    for hit in receiver.hits:
        assert "traceparent" not in hit.headers
        assert RELEASED.split("-")[1] not in json.dumps(hit.headers) + hit.body.decode()
    assert messages[0].headers["traceparent"].split("-")[1] == RELEASED.split("-")[1]
