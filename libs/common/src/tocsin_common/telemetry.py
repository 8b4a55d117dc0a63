"""Traces, metrics and logs, and the only names and labels they may carry (protection V7)."""

import json
import logging
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from types import TracebackType

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    get_current_span,
)
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
METRIC_LABELS = frozenset(
    {"clock", "consumer", "method", "outcome", "route", "status", "stream", "work"}
)

log = logging.getLogger("tocsin.telemetry")

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("tocsin")
_ids = RandomIdGenerator()
_recorded = True  # until `set_up` says that traces go nowhere
Trace = str
"""A W3C `traceparent`: which span something belongs to, as it is written in a row or header."""


def set_up(service: str, *, otlp_endpoint: str = "", ratio: float = 1.0) -> TracerProvider:
    """Start recording traces, and write logs as JSON lines to standard error.

    Traces that go nowhere are not recorded; their ids travel on all the same.
    """
    global _recorded  # noqa: PLW0603
    _recorded = bool(otlp_endpoint)
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


def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Trace | None = None,
    root: bool = False,
    origins: Sequence[SpanContext] = (),
    attributes: Mapping[str, str | int] | None = None,
) -> AbstractContextManager[Span]:
    """A span that lasts as long as a block; see `begin` and `lasting`."""
    return lasting(
        begin(name, kind=kind, parent=parent, root=root, origins=origins, attributes=attributes)
    )


@contextmanager
def lasting(current: Span) -> Generator[Span]:
    """Make a span the current one, and end it with the block.

    An exception marks it with its type and leaves no message behind.
    """
    token = attach(trace.set_span_in_context(current))
    try:
        yield current
    except Exception as error:
        mark_failed(current, error)
        raise
    finally:
        detach(token)
        current.end()


def begin(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Trace | None = None,
    root: bool = False,
    origins: Sequence[SpanContext] = (),
    attributes: Mapping[str, str | int] | None = None,
) -> Span:
    """Begin a span, which the caller ends.

    Args:
        name: what happens, without any value in it.
        kind: the span's kind.
        parent: the trace to continue; without one the current span is the parent.
        root: begin a new trace whatever the current span is.
        origins: spans this one has to do with.
        attributes: names from `TRACE_ATTRIBUTES` only.
    """
    allowed = _allowed(attributes or {})
    if not _recorded:
        return _only_ids(0 if root else _trace_id_in(parent) if parent else _current_trace_id())
    return _tracer.start_span(
        name,
        context=context_of(parent) if parent else Context() if root else None,
        kind=kind,
        links=[Link(one) for one in origins],
        attributes=allowed,
    )


def mark_failed(current: Span, error: Exception) -> None:
    """Mark a span with an error's type; its message stays here."""
    current.set_status(Status(StatusCode.ERROR))
    current.set_attribute("error.type", type(error).__qualname__)


def _only_ids(trace_id: int) -> Span:
    """A span that costs next to nothing: nobody will look at it, but its ids travel."""
    return NonRecordingSpan(
        SpanContext(trace_id or _ids.generate_trace_id(), _ids.generate_span_id(), is_remote=False)
    )


def _current_trace_id() -> int:
    return get_current_span().get_span_context().trace_id


def _trace_id_in(parent: Trace) -> int:
    try:
        return int(parent[3:35], 16)
    except ValueError:
        return 0


def _allowed(attributes: Mapping[str, str | int]) -> Mapping[str, str | int]:
    if unknown := attributes.keys() - TRACE_ATTRIBUTES:
        raise ValueError(f"not on the list of trace attributes: {sorted(unknown)}")
    return attributes


def current_trace() -> Trace | None:
    """The current span, in the form that travels."""
    return trace_of(get_current_span())


def trace_of(span: Span) -> Trace | None:
    """A span, in the form that travels."""
    at = span.get_span_context()
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
