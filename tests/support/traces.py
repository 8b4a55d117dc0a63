"""A collector of traces (OTLP over HTTP), which services send their spans to."""

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tocsin_common.testing.http import standing_in

SEND_OFTEN = {"OTEL_BSP_SCHEDULE_DELAY": "200"}
"""Milliseconds until a service sends the spans it has; the standard's own setting."""


@dataclass(frozen=True)
class Span:
    """One span, as it was recorded."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    linked_to: frozenset[str]
    """Traces it points to."""


class Collector:
    """Keeps everything it is sent, byte for byte."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.url = ""

    def spans(self) -> list[Span]:
        """Every span so far."""
        return [span for body in self.received for span in _spans_in(body)]

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["Collector"]:
        """Listen on a free port of 127.0.0.1 until the block ends."""
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/traces", self._receive)
        async with standing_in(app) as self.url:
            yield self

    async def _receive(self, request: web.Request) -> web.Response:
        self.received.append(await request.read())
        return web.Response(content_type="application/x-protobuf")


def _spans_in(body: bytes) -> Iterator[Span]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        names = {one.key: one.value.string_value for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    service=names["service.name"].removeprefix("tocsin-"),
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    linked_to=frozenset(link.trace_id.hex() for link in span.links),
                )


def connected_to(trace_id: str, spans: Iterable[Span]) -> set[str]:
    """Every trace that can be reached from this one over links, in either direction."""
    known = list(spans)
    reached, news = set[str](), {trace_id}
    while news:
        reached |= news
        groups = [{span.trace_id, *span.linked_to} for span in known]
        news = set[str]().union(*(group for group in groups if group & reached)) - reached
    return reached
