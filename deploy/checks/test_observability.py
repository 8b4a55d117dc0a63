"""The parts that watch find each other: names, ports and settings across their files."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

OBSERVABILITY = Path("deploy/observability")
COMPOSE = yaml.safe_load(Path("docker-compose.yml").read_text())
DOCKERFILE = Path("Dockerfile").read_text()
KINDS = ("receivers", "processors", "exporters", "extensions")
# What each component of the collector is told here, as its own documentation names it.
KNOWN_SETTINGS = {
    "otlp": {"protocols"},
    "memory_limiter": {"check_interval", "limit_mib", "spike_limit_mib"},
    "redaction": {"allow_all_keys", "allowed_keys"},
    "batch": {"timeout", "send_batch_size"},
    "otlp/tempo": {"endpoint", "tls", "sending_queue"},
    "health_check": {"endpoint"},
}


@pytest.fixture(scope="module")
def collector() -> Any:
    return read("collector.yaml")


def read(name: str) -> Any:
    return yaml.safe_load((OBSERVABILITY / name).read_text())


def test_the_collector_uses_all_that_it_defines_and_nothing_else(collector: Any) -> None:
    service = collector["service"]
    used = {
        kind: {name for pipeline in service["pipelines"].values() for name in pipeline[kind]}
        for kind in KINDS[:3]
    } | {"extensions": set(service["extensions"])}

    assert used == {kind: set(collector[kind]) for kind in KINDS}


def test_the_collector_is_told_only_what_its_components_know(collector: Any) -> None:
    told = {name: set(settings) for kind in KINDS for name, settings in collector[kind].items()}

    assert told == KNOWN_SETTINGS


def test_memory_is_limited_before_anything_else_and_batches_come_last(collector: Any) -> None:
    [traces] = collector["service"]["pipelines"].values()

    assert traces["processors"] == ["memory_limiter", "redaction", "batch"]


def test_traces_go_where_tempo_listens(collector: Any) -> None:
    host, _, port = collector["exporters"]["otlp/tempo"]["endpoint"].partition(":")
    listening = read("tempo.yaml")["distributor"]["receivers"]["otlp"]["protocols"]["grpc"]

    assert host in COMPOSE["services"]
    assert listening["endpoint"].endswith(f":{port}")


def test_who_is_asked_for_metrics_is_a_container(collector: Any) -> None:
    asked = {
        target.partition(":")[::2]
        for job in read("prometheus.yml")["scrape_configs"]
        for group in job["static_configs"]
        for target in group["targets"]
    }
    [reader] = collector["service"]["telemetry"]["metrics"]["readers"]

    assert {host for host, _ in asked} <= set(COMPOSE["services"])
    assert ("collector", str(reader["pull"]["exporter"]["prometheus"]["port"])) in asked
    assert ("intake", re.findall(r"TOCSIN_METRICS_PORT=(\d+)", DOCKERFILE)[0]) in asked


def test_grafana_asks_containers_on_the_ports_they_serve() -> None:
    sources = read("grafana/provisioning/datasources/tocsin.yaml")["datasources"]
    [tempo] = [one["url"] for one in sources if one["type"] == "tempo"]

    assert {urlsplit(one["url"]).hostname for one in sources} <= set(COMPOSE["services"])
    assert tempo.endswith(f":{read('tempo.yaml')['server']['http_listen_port']}")
