"""What telemetry may hold: names and labels from a list, and nobody's words."""

import asyncio
import json
import pkgutil
import sys
from importlib import import_module
from typing import Any

import pytest
import pytest_asyncio
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

import tocsin_common
from tocsin_common import telemetry
from tocsin_common.telemetry import METRIC_LABELS, counter, current_trace, gauge, histogram, span

CANARY = "canary51be"
FORBIDDEN = ("integration", "facility", "organisation", "language", "country", "id")


def test_every_declared_metric_has_only_permitted_labels() -> None:
    for module in pkgutil.walk_packages(tocsin_common.__path__, "tocsin_common."):
        import_module(module.name)

    collectors: dict[Any, list[str]] = REGISTRY._collector_to_names  # pyright: ignore
    declared = {
        name: set(getattr(collector, "_labelnames", ()))
        for collector, names in collectors.items()
        for name in names
        if not name.startswith(("python_", "process_"))
    }

    assert all(name.startswith("tocsin_") for name in declared)
    assert len(declared) >= 5
    assert set().union(*declared.values()) <= METRIC_LABELS
    assert not METRIC_LABELS.intersection(FORBIDDEN)


@pytest.mark.parametrize("declare", [counter, gauge, histogram])
@pytest.mark.parametrize("label", FORBIDDEN)
def test_a_metric_with_another_label_cannot_be_declared(declare: Any, label: str) -> None:
    with pytest.raises(ValueError, match="not on the list of metric labels"):
        declare("test", "A test", ["outcome", label])


def test_a_span_with_another_attribute_cannot_begin(spans: InMemorySpanExporter) -> None:
    with (
        pytest.raises(ValueError, match="not on the list of trace attributes"),
        span("something", attributes={"complaint.id": "1"}),
    ):
        pass

    assert not spans.get_finished_spans()


def test_a_trace_that_nobody_records_travels_all_the_same(
    monkeypatch: pytest.MonkeyPatch, spans: InMemorySpanExporter
) -> None:
    monkeypatch.setattr(telemetry, "_recorded", False)

    with span("a complaint", root=True):
        begun = current_trace()
        with span("within"):
            inner = current_trace()
    with span("in another process", parent=begun):
        continued = current_trace()
    with span("somebody else's", root=True):
        other = current_trace()

    seen = [one.split("-") for one in (begun, inner, continued, other) if one]
    assert [trace for _, trace, _, _ in seen[:3]] == [seen[0][1]] * 3
    assert seen[3][1] != seen[0][1]
    assert len({span_id for _, _, span_id, _ in seen}) == 4
    assert {flags for *_, flags in seen} == {"00"}
    assert not spans.get_finished_spans()


def test_an_exception_leaves_its_type_and_no_text(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ZeroDivisionError), span("something"):
        raise ZeroDivisionError(CANARY)

    [failed] = spans.get_finished_spans()
    assert dict(failed.attributes or {}) == {"error.type": "ZeroDivisionError"}
    assert not failed.status.is_ok
    assert CANARY not in failed.to_json()


def test_a_span_belongs_where_it_is_told_to() -> None:
    with span("outside") as outside:
        outer = current_trace()
        with span("inside"):
            inner = current_trace()
        with span("elsewhere", root=True):
            other = current_trace()
        with span("continued", parent=other):
            continued = current_trace()

    def trace_id(trace: str | None) -> str:
        return str(trace).split("-")[1]

    assert outside.get_span_context().is_valid
    assert trace_id(inner) == trace_id(outer)
    assert trace_id(other) != trace_id(outer)
    assert trace_id(continued) == trace_id(other)
    assert current_trace() is None


@pytest.mark.parametrize("malformed", ["", "00-zz-11-01", "x" * 500])
def test_a_malformed_trace_begins_a_new_one(malformed: str) -> None:
    with span("something", parent=malformed):
        assert current_trace()


# logs, of a process of its own

PROCESS = f"""
import asyncio, gc, logging, uvicorn, warnings
from contextlib import asynccontextmanager, suppress
from tocsin_common import http, service, telemetry
from tocsin_common.settings import Settings

CANARY = {CANARY!r}
telemetry.set_up("sample")
ours, theirs = logging.getLogger("tocsin.sample"), logging.getLogger("somebody.else")

with telemetry.span("something") as current:
    ours.info("one\\nline, %d times: áü", 2)
    ours.info("recording: %s, %s", current.is_recording(), telemetry.current_trace())

theirs.warning("it was %s", CANARY)
warnings.warn(CANARY)
try:
    int(CANARY)
except ValueError:
    theirs.exception(CANARY)
    ours.exception("that failed")

async def in_the_background():
    service.hide_values_in_loop_errors(asyncio.get_running_loop())
    asyncio.get_running_loop().create_future().set_exception(ValueError(CANARY))
    gc.collect()

asyncio.run(in_the_background())

@asynccontextmanager
async def never():
    raise LookupError(CANARY)
    yield

settings = Settings(database_url="postgresql://", hash_key=b"k" * 32)
app = http.create_app("x", settings, version="1", routers=[], running=[never], waiting_for=list)
with suppress(SystemExit):
    uvicorn.run(app, port=0, log_config=None)

int(CANARY)
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lines() -> list[dict[str, Any]]:
    """What that process logged; it said nothing else, and nowhere the canary."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROCESS,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        output, errors = await process.communicate()
    assert process.returncode == 1
    assert not output
    assert CANARY.encode() not in errors
    return [json.loads(line) for line in errors.decode().splitlines()]


def beginning(lines: list[dict[str, Any]], words: str) -> dict[str, Any]:
    """The one line with a message that begins so."""
    [line] = [line for line in lines if line["message"].startswith(words)]
    return line


def by(lines: list[dict[str, Any]], logger: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["logger"] == logger]


def test_a_log_line_is_one_json_object_in_our_own_words(lines: list[dict[str, Any]]) -> None:
    line = beginning(lines, "one")

    assert line["message"] == "one\nline, 2 times: áü"
    assert (line["service"], line["logger"], line["level"]) == ("sample", "tocsin.sample", "info")
    assert line["time"].endswith("+00:00")
    assert line["trace_id"]


def test_traces_that_go_nowhere_are_not_recorded_but_their_ids_travel(
    lines: list[dict[str, Any]],
) -> None:
    line = beginning(lines, "recording: False, 00-")

    assert line["trace_id"] in line["message"]


def test_what_libraries_say_is_withheld_but_not_who_and_where(lines: list[dict[str, Any]]) -> None:
    said, failed = by(lines, "somebody.else")
    [warned] = by(lines, "py.warnings")

    assert {line["message"] for line in (said, failed, warned)} == {"(withheld)"}
    assert said["level"] == "warning"
    assert said["at"].startswith("<string>:")
    assert failed["error"].startswith("ValueError at <string>:")


def test_the_exceptions_of_our_own_log_calls_show_type_and_place_alone(
    lines: list[dict[str, Any]],
) -> None:
    assert beginning(lines, "that failed")["error"].startswith("ValueError at <string>:")


def test_an_exception_nobody_asked_for_shows_type_and_place_alone(
    lines: list[dict[str, Any]],
) -> None:
    assert beginning(lines, "something failed in the background: ValueError")


def test_a_start_that_fails_shows_type_and_place_alone(lines: list[dict[str, Any]]) -> None:
    assert beginning(lines, "the start failed: LookupError at <string>:")
    assert beginning(lines, "Traceback")["message"] == "Traceback (most recent call last):"
    assert beginning(lines, "Application startup failed. Exiting.")


def test_the_exception_that_ends_a_process_shows_type_and_place_alone(
    lines: list[dict[str, Any]],
) -> None:
    assert lines[-1]["message"].startswith("this is the end: ValueError at <string>:")
