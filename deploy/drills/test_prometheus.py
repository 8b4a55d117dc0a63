"""What watches Tocsin, watching it: Prometheus with its own configuration beside the containers."""

import json
import subprocess
from collections.abc import Generator, Sequence
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from tests.support.ledger import Ledger, Reports
from tests.support.world import World

from deploy.drills.compose import ROOT, ComposedTocsin, container
from deploy.drills.load import loaded, more_are_accepted
from tocsin_common.testing import eventually
from tocsin_contracts.streams import INTAKE, SERVICES

OBSERVABILITY = ROOT / "deploy/observability"
WATCHERS = ("prometheus", "postgres-exporter")
SEEN_WITHIN = 300.0  # seconds; it asks every 15, and a rate needs two answers
ASK = """
import json, sys, urllib.request
for url in sys.argv[1:]:
    print(json.dumps(json.load(urllib.request.urlopen(url, timeout=20))["data"]))
"""
PAGES = ("tocsin-path", "tocsin-service", "tocsin-postgres")
"""All but NATS's: its exporter is to be had from a registry of images only."""

CERTAIN = (
    "tocsin_accepted_total", "tocsin_clocks_missed", "tocsin_consumer_lag", "tocsin_dead_letters",
    "tocsin_outbox_age_seconds", "process_", "pg_stat_database_", "pg_database_size_bytes",
)  # fmt: skip
"""What is there to see whatever was done before; of what never happened there is no number yet."""


class Prometheus:
    """The container, asked from inside the network."""

    def __init__(self, tocsin: ComposedTocsin) -> None:
        self._compose = tocsin.compose

    def ask(self, *what: str) -> list[Any]:
        """What it answers to some questions, each a path of its API."""
        urls = [f"http://prometheus:9090/api/v1/{one}" for one in what]
        said = self._compose.run("exec", "-T", INTAKE, "python", "-c", ASK, *urls)
        return [json.loads(line) for line in said.splitlines()]

    def unanswered(self, queries: Sequence[str]) -> list[str]:
        """Those that find no data."""
        asked = [f"query?{urlencode({'query': one})}" for one in queries]
        answers = zip(queries, self.ask(*asked), strict=True)
        return [query for query, answer in answers if not answer["result"]]


@pytest.fixture(scope="module")
def prometheus(tocsin: ComposedTocsin) -> Generator[Prometheus]:
    tocsin.compose.run("up", "-d", "--no-build", "--no-deps", "--wait", *WATCHERS)
    yield Prometheus(tocsin)
    tocsin.compose.run("rm", "--stop", "--force", *WATCHERS)
    # `down` leaves the volumes of profiles, and an old one would answer for the new.
    volume = f"{tocsin.compose.project}_prometheus"
    subprocess.run(["docker", "volume", "rm", volume], capture_output=True, check=True)


async def test_the_questions_of_the_pages_can_be_computed_and_what_is_certain_is_answered(
    prometheus: Prometheus, everybody: World, reports: Reports, ledger: Ledger
) -> None:
    prometheus.unanswered(questions())  # an error fails it
    left = [one for one in questions() if any(name in one for name in CERTAIN)]
    assert len(left) > len(CERTAIN)

    def all_were_answered() -> bool:
        left[:] = prometheus.unanswered(left)
        return not left

    async with loaded(everybody, reports, ledger):
        await more_are_accepted(ledger)
        try:
            await eventually(all_were_answered, within=SEEN_WITHIN)
        except AssertionError:
            pytest.fail(f"no data for {left}")


def questions() -> list[str]:
    """Every question of the pages; those for one service, for each."""
    folder = OBSERVABILITY / "grafana/dashboards"
    asked = [
        target["expr"]
        for page in PAGES
        for panel in json.loads((folder / f"{page}.json").read_text())["panels"]
        for target in panel["targets"]
    ]
    return [
        one.replace("$service", container(service))
        for one in asked
        for service in (SERVICES if "$service" in one else SERVICES[:1])
    ]


async def test_all_services_and_the_database_are_found(prometheus: Prometheus) -> None:
    wanted = {*map(container, SERVICES), "postgres"}

    def found() -> set[str]:
        [targets] = prometheus.ask("targets")
        return {
            one["labels"].get("service", one["labels"]["job"])
            for one in targets["activeTargets"]
            if one["health"] == "up"
        }

    await eventually(lambda: wanted <= found(), within=SEEN_WITHIN)


async def test_every_rule_is_loaded_and_can_be_computed(prometheus: Prometheus) -> None:
    def rules() -> dict[str, str]:
        [read] = prometheus.ask("rules")
        return {rule["name"]: rule["health"] for group in read["groups"] for rule in group["rules"]}

    written = yaml.safe_load((OBSERVABILITY / "rules/tocsin.yml").read_text())["groups"]
    names = [one.get("alert", one.get("record")) for group in written for one in group["rules"]]
    computed = dict.fromkeys(names, "ok")

    await eventually(lambda: rules() == computed, within=SEEN_WITHIN)
