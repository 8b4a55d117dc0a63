"""Traces, metrics and logs, and the only names and labels they may carry (protection V7)."""

import json
import logging
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram

from tocsin_common.errors import place_of

TRACE_ATTRIBUTES = frozenset(
    {
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "messaging.batch.message_count",
        "messaging.consumer.group.name",
        "messaging.destination.name",
        "messaging.system",
        "error.type",
        "tocsin.attempt",
        "tocsin.outcome",
    }
)
METRIC_LABELS = frozenset({"clock", "consumer", "method", "outcome", "route", "status", "stream"})

log = logging.getLogger("tocsin.telemetry")

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("tocsin")
Trace = str
"""A W3C `traceparent`: which span something belongs to, as it is written in a row or header."""


def set_up(service: str, *, otlp_endpoint: str = "", ratio: float = 1.0) -> TracerProvider:
    """Start recording traces, and write logs as JSON lines to standard error.

    Traces that go nowhere are not recorded; their ids travel on all the same.
    """
    provider = TracerProvider(
        resource=Resource({"service.name": f"tocsin-{service}"}),
        sampler=ParentBased(TraceIdRatioBased(ratio)) if otlp_endpoint else ALWAYS_OFF,
    )
    if otlp_endpoint:
        # Loaded only where it is used: it costs a tenth of a second at every start.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
            OTLPSpanExporter,
        )

        exporter = OTLPSpanExporter(endpoint=f"{otlp_endpoint}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    sys.excepthook = _log_the_end
    return provider


def _log_the_end(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    """Tell what ended the process; Python's own words would quote the exception."""
    log.critical("this is the end: %s", place_of(error))


@contextmanager
def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Trace | None = None,
    root: bool = False,
    links: Sequence[Link] = (),
    attributes: Mapping[str, str | int] | None = None,
) -> Generator[Span]:
    """Record a span; an exception marks it with its type and leaves no message behind.

    Args:
        name: what happens, without any value in it.
        kind: the span's kind.
        parent: the trace to continue; without one the current span is the parent.
        root: begin a new trace whatever the current span is.
        links: spans this one has to do with.
        attributes: names from `TRACE_ATTRIBUTES` only.
    """
    current = _tracer.start_span(
        name,
        context=context_of(parent) if parent else Context() if root else None,
        kind=kind,
        links=links,
        attributes=_allowed(attributes or {}),
    )
    token = attach(trace.set_span_in_context(current))
    try:
        yield current
    except Exception as error:
        current.set_status(Status(StatusCode.ERROR))
        current.set_attribute("error.type", type(error).__qualname__)
        raise
    finally:
        detach(token)
        current.end()


def _allowed(attributes: Mapping[str, str | int]) -> Mapping[str, str | int]:
    if unknown := attributes.keys() - TRACE_ATTRIBUTES:
        raise ValueError(f"not on the list of trace attributes: {sorted(unknown)}")
    return attributes


def current_trace() -> Trace | None:
    """The current span, in the form that travels."""
    at = trace.get_current_span().get_span_context()
    if not at.is_valid:
        return None
    return f"00-{at.trace_id:032x}-{at.span_id:016x}-{at.trace_flags:02x}"


def context_of(parent: Trace) -> Context:
    """The context in which a span becomes a child of `parent`."""
    return _propagator.extract({"traceparent": parent}, context=Context())


def counter(name: str, text: str, labels: Sequence[str] = ()) -> Counter:
    """A metric that only grows; its labels are from `METRIC_LABELS`."""
    return Counter(f"tocsin_{name}", text, _permitted(labels))


def gauge(name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
    """A metric that says how much there is now; its labels are from `METRIC_LABELS`."""
    return Gauge(f"tocsin_{name}", text, _permitted(labels))


def histogram(
    name: str,
    text: str,
    labels: Sequence[str] = (),
    *,
    buckets: Sequence[float] = Histogram.DEFAULT_BUCKETS,
) -> Histogram:
    """A metric of durations in seconds; its labels are from `METRIC_LABELS`."""
    return Histogram(f"tocsin_{name}", text, _permitted(labels), buckets=buckets)


def _permitted(labels: Sequence[str]) -> Sequence[str]:
    if unknown := set(labels) - METRIC_LABELS:
        raise ValueError(f"not on the list of metric labels: {sorted(unknown)}")
    return labels


class JsonLines(logging.Formatter):
    """One JSON object a record: our own words, and of everybody else only who spoke and where.

    Libraries put values into their messages, so those are withheld; an exception shows its type
    and place.
    """

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": _message_of(record),
            "at": f"{record.module}:{record.lineno}",
        }
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            line["trace_id"] = f"{context.trace_id:032x}"
        if record.exc_info and record.exc_info[1]:
            line["error"] = place_of(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def _message_of(record: logging.LogRecord) -> str:
    if record.name.startswith("tocsin"):
        return record.getMessage()
    if record.name.startswith("uvicorn"):  # its own words; of several lines, an exception's
        return record.getMessage().split("\n")[0]
    return "(withheld)"
