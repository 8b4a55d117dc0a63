"""What monitors are shown: names to look for, labels from the list, nobody's words or identity."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.support import everywhere, world
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE, Tocsin
from tests.support.world import a_complaint, a_place
from tocsin_common.telemetry import METRIC_LABELS
from tocsin_common.testing import eventually
from tocsin_contracts.streams import CONSUMERS, STREAMS

PLACE = a_place(1)
PARTS_OF_A_HISTOGRAM = {"le"}
NOT_OURS = ("python_", "process_")
LOG_LINE = {"time", "level", "service", "logger", "message", "at"}
OURS = re.compile(r"(?<![\w:/-])tocsin_[a-z_]+\b(?!:)")
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
SOMETIMES = {"trace_id", "error"}


@dataclass(frozen=True)
class Shown:
    """One number that one service shows."""

    service: str
    name: str
    labels: dict[str, str]
    value: float


async def all_shown(tocsin: Tocsin) -> list[Shown]:
    places = await everywhere.in_metrics(tocsin)
    return [
        Shown(place.name.removeprefix("metrics "), sample.name, sample.labels, sample.value)
        for place in places
        for family in families(place.content.decode())
        for sample in family.samples
    ]


def families(text: str) -> Iterator[Metric]:
    return (
        one for one in text_string_to_metric_families(text) if not one.name.startswith(NOT_OURS)
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shown(tocsin: Tocsin, receiver: Receiver) -> list[Shown]:
    """What all four services show after one complaint, sent twice, reached a buyer."""
    everybody = await world.build(tocsin, receiver, [PLACE])
    complaint = a_complaint("Night line 1", PLACE)
    for _ in range(2):
        await everybody.hotline.ask("POST", "/v1/complaints", json=complaint)
    await eventually(lambda: receiver.hits, within=PATIENCE)
    await tocsin.quiet()

    async def all_arrived() -> list[Shown]:
        there = await all_shown(tocsin)
        measured = any(one.name == "tocsin_clocks_missed" for one in there)
        return there if measured and sum_of(there, "tocsin_delivered_total") >= 1 else []

    return await eventually(all_arrived, within=PATIENCE)


def sum_of(shown: list[Shown], name: str, service: str | None = None, **labels: str) -> float:
    return sum(
        one.value
        for one in shown
        if one.name == name
        and one.service == (service or one.service)
        and labels.items() <= one.labels.items()
    )


async def test_a_complaints_way_is_counted_step_by_step(shown: list[Shown]) -> None:
    assert sum_of(shown, "tocsin_accepted_total", "intake", outcome="new") == 1
    assert sum_of(shown, "tocsin_accepted_total", "intake", outcome="repeat") == 1
    assert sum_of(shown, "tocsin_shipped_total", "intake", stream="COMPLAINTS") >= 1
    assert (
        sum_of(
            shown,
            "tocsin_handled_total",
            "cases",
            consumer="cases_complaints_received",
            outcome="handled",
        )
        == 1
    )
    assert sum_of(shown, "tocsin_raised_total", "cases", outcome="raised") == 1
    assert sum_of(shown, "tocsin_delivered_total", "notifications") == 1
    assert sum_of(shown, "tocsin_handled_after_seconds_count", "cases") >= 1


async def test_what_goes_wrong_is_measured_before_it_does(shown: list[Shown]) -> None:
    measured = {one.name for one in shown}

    assert measured >= {
        "tocsin_outbox_age_seconds",
        "tocsin_consumer_lag",
        "tocsin_dead_letters",
        "tocsin_parked_events",
        "tocsin_clocks_missed",
        "tocsin_deliveries_failed_total",
        "tocsin_gate_refusals_total",
    }
    lagging = {one.labels["consumer"] for one in shown if one.name == "tocsin_consumer_lag"}
    assert lagging <= {consumer.name for consumer in CONSUMERS}
    assert {"cases_complaints_received", "notifications_alerts_raised"} <= lagging


async def test_dashboards_and_alerts_ask_for_what_is_really_shown(
    tocsin: Tocsin, shown: list[Shown]
) -> None:
    declared = {
        f"{family.name}{suffix}"
        for place in await everywhere.in_metrics(tocsin)
        for family in families(place.content.decode())
        for suffix in SUFFIXES[family.type]
    }

    assert asked_for()
    assert asked_for() <= declared


def asked_for() -> set[str]:
    """Every metric of ours in a dashboard's or an alert's query; rules name their own with `:`."""
    folder = Path("deploy/observability")
    sources = [*folder.glob("rules/*.yml"), *folder.glob("grafana/dashboards/*.json")]
    return {name for file in sources for name in OURS.findall(file.read_text())}


async def test_labels_are_from_the_list_and_their_values_from_the_code(
    shown: list[Shown],
) -> None:
    known = {
        "consumer": {consumer.name for consumer in CONSUMERS},
        "stream": {stream.name for stream in STREAMS},
        "clock": {"acknowledge", "feedback", "danger", "retaliation"},
        "method": {"GET", "POST", "PUT", "PATCH", "DELETE", "other"},
    }

    assert {one.service for one in shown} == {
        "intake", "cases", "notifications", "buyer_portal_api",
    }  # fmt: skip
    for one in shown:
        assert set(one.labels) - PARTS_OF_A_HISTOGRAM <= METRIC_LABELS, one
        for label, values in known.items():
            assert one.labels.get(label) in {None, *values}, one
        for value in map(one.labels.get, ("outcome", "status", "work")):
            assert value is None or value.replace("_", "").isalnum(), one
            assert value is None or len(value) <= 20, one
        assert one.labels.get("route", "/") == "none" or one.labels.get("route", "/").startswith(
            "/"
        )


async def test_a_path_that_is_no_route_is_no_label(tocsin: Tocsin, shown: list[Shown]) -> None:
    await tocsin.http["intake"].get("/v1/complaints/canary-3f9e")

    routes = {one.labels["route"] for one in await all_shown(tocsin) if "route" in one.labels}
    assert routes
    assert not any("canary" in route for route in routes)


async def test_metrics_are_not_on_the_public_port(tocsin: Tocsin) -> None:
    for client in tocsin.http.values():
        assert (await client.get("/metrics")).status == 404


async def test_every_line_of_a_services_log_is_an_object_with_known_fields(
    tocsin: Tocsin, shown: list[Shown]
) -> None:
    lines = [
        json.loads(line)
        for name in ("intake", "cases", "notifications", "buyer_portal_api")
        for line in (tocsin.logs / f"{name}.log").read_text().splitlines()
    ]

    assert lines
    for line in lines:
        assert LOG_LINE <= set(line) <= LOG_LINE | SOMETIMES, line
