"""What watches Tocsin asks for what is there: metrics, runbooks, pages."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.checks.rendered import Object, named
from tocsin_common.telemetry import TRACE_ATTRIBUTES

OBSERVABILITY = Path("deploy/observability")
RULES = ("tocsin.yml", "kubernetes.yml")
DECLARED = re.compile(r'\b(counter|gauge|histogram)\(\s*"(\w+)"')
IN_QUERY = re.compile(
    r"\b(?:tocsin|jetstream|gnatsd|cnpg|pg|barman|kube|kubelet|certmanager|process)_\w+"
)
SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}

# What others show: read in the sources of the exporters, not seen here.
OF_OTHERS = {
    # prometheus-nats-exporter, collector/jsz.go and /varz
    "jetstream_consumer_num_ack_pending", "jetstream_consumer_num_pending",
    "jetstream_consumer_num_redelivered", "jetstream_server_max_storage",
    "jetstream_server_total_message_bytes", "jetstream_stream_total_bytes",
    "jetstream_stream_total_messages", "gnatsd_varz_connections", "gnatsd_varz_mem",
    "gnatsd_varz_slow_consumers",
    # postgres_exporter
    "pg_database_size_bytes", "pg_settings_max_connections", "pg_stat_database_numbackends",
    "pg_stat_database_xact_commit", "pg_stat_database_xact_rollback", "pg_up",
    # CloudNativePG and its Barman Cloud plugin
    "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp", "cnpg_backends_total",
    "cnpg_pg_database_size_bytes", "cnpg_pg_replication_lag", "cnpg_pg_settings_setting",
    "cnpg_pg_stat_archiver_last_archived_time", "cnpg_pg_stat_archiver_last_failed_time",
    "cnpg_pg_stat_database_xact_commit", "cnpg_pg_stat_database_xact_rollback",
    # kube-state-metrics, the kubelet, cert-manager
    "certmanager_certificate_expiration_timestamp_seconds",
    "kube_cronjob_status_last_successful_time", "kube_deployment_status_replicas_unavailable",
    "kube_horizontalpodautoscaler_spec_max_replicas",
    "kube_horizontalpodautoscaler_status_current_replicas",
    "kube_pod_container_status_restarts_total", "kubelet_volume_stats_available_bytes",
    "kubelet_volume_stats_capacity_bytes",
    # prometheus_client itself
    "process_cpu_seconds_total", "process_resident_memory_bytes",
}  # fmt: skip


def ours() -> set[str]:
    """Every metric that the code declares, as Prometheus is shown it."""
    found: set[str] = set()
    for source in (*Path("libs").glob("*/src/**/*.py"), *Path("services").glob("*/src/**/*.py")):
        for kind, name in DECLARED.findall(source.read_text()):
            found |= {f"tocsin_{name}{suffix}" for suffix in SUFFIXES[kind]}
    return found


def alerts() -> list[Any]:
    return [rule for rule in rules() if "alert" in rule]


def rules() -> list[Any]:
    return [
        rule
        for name in RULES
        for group in yaml.safe_load((OBSERVABILITY / "rules" / name).read_text())["groups"]
        for rule in group["rules"]
    ]


def dashboards() -> dict[str, Any]:
    folder = OBSERVABILITY / "grafana" / "dashboards"
    return {path.name: json.loads(path.read_text()) for path in folder.glob("*.json")}


def queries() -> list[str]:
    shown = [
        target["expr"]
        for page in dashboards().values()
        for panel in page["panels"]
        for target in panel["targets"]
    ]
    return shown + [rule["expr"] for rule in rules()]


def unknown_metrics(asked: list[str]) -> set[str]:
    named_by_us = {rule["record"] for rule in rules() if "record" in rule}
    named = {name for query in asked for name in IN_QUERY.findall(query)}
    return {one for one in named - ours() - OF_OTHERS if not any(one in our for our in named_by_us)}


def test_every_metric_that_is_asked_for_exists() -> None:
    assert unknown_metrics(queries()) == set()


def test_a_metric_that_does_not_exist_is_noticed() -> None:
    assert unknown_metrics(["rate(tocsin_acepted_total[5m])"]) == {"tocsin_acepted_total"}


def test_what_an_operator_looks_for_is_on_a_page() -> None:
    text = " ".join(queries())

    for metric in (
        "accepted_total", "shipped_total", "handled_total", "raised_total", "delivered_total",
        "outbox_age_seconds", "consumer_lag", "dead_letters", "clocks_missed",
        "deliveries_failed_total", "gate_refusals_total",
    ):  # fmt: skip
        assert f"tocsin_{metric}" in text


@pytest.mark.parametrize("alert", alerts(), ids=lambda one: one["alert"])
def test_every_alert_says_how_bad_it_is_and_what_to_do(alert: Any) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"]
    page = Path(alert["annotations"]["runbook_url"])
    assert f"`{alert['alert']}`" in page.read_text()


def test_every_runbook_belongs_to_an_alert() -> None:
    used = {alert["annotations"]["runbook_url"] for alert in alerts()}

    assert {str(path) for path in Path("docs/runbooks").glob("*.md")} == used


def test_pages_and_sources_are_the_provisioned_ones() -> None:
    [datasources] = (OBSERVABILITY / "grafana/provisioning/datasources").glob("*.yaml")
    known = {one["uid"] for one in yaml.safe_load(datasources.read_text())["datasources"]}
    pages = dashboards()

    assert {page["uid"] for page in pages.values()} == {name[:-5] for name in pages}
    for page in pages.values():
        for panel in page["panels"]:
            assert panel["datasource"]["uid"] in known


def test_the_collector_lets_nothing_pass_that_is_not_on_the_list() -> None:
    redaction = yaml.safe_load((OBSERVABILITY / "collector.yaml").read_text())["processors"][
        "redaction"
    ]

    assert redaction["allow_all_keys"] is False
    assert set(redaction["allowed_keys"]) == {*TRACE_ATTRIBUTES, "service.name"}


def test_kubernetes_gets_the_same_rules_and_pages(production: list[Object]) -> None:
    groups = named(production, "PrometheusRule", "tocsin")["spec"]["groups"]
    pages = named(production, "ConfigMap", "tocsin-dashboards")["data"]

    assert [rule for group in groups for rule in group["rules"]] == rules()
    assert {name: json.loads(text) for name, text in pages.items()} == dashboards()
