"""What Grafana shows: pages, panels, and the queries behind them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    """One graph, or one number that turns red."""

    title: str
    queries: Sequence[tuple[str, str]]
    """PromQL, and how a line is called."""
    unit: str = "short"
    red_above: float | None = None
    """Shown as a number, red above this."""


@dataclass(frozen=True)
class Dashboard:
    """A page of panels."""

    uid: str
    title: str
    panels: Sequence[Panel]
    per_service: bool = False


def _rate(metric: str, by: str, **labels: str) -> str:
    chosen = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"sum by ({by}) (rate({metric}{{{chosen}}}[5m]))"


def _number(title: str, query: str, *, red_above: float, unit: str = "short") -> Panel:
    return Panel(title, [(query, "")], unit=unit, red_above=red_above)


PATH = Dashboard(
    "tocsin-path",
    "A complaint's path",
    [
        Panel("Accepted", [(_rate("tocsin_accepted_total", "outcome"), "{{outcome}}")], "ops"),
        Panel("Shipped", [(_rate("tocsin_shipped_total", "stream"), "{{stream}}")], "ops"),
        Panel(
            "Handled",
            [(_rate("tocsin_handled_total", "consumer", outcome="handled"), "{{consumer}}")],
            "ops",
        ),
        Panel("Raised", [(_rate("tocsin_raised_total", "outcome"), "{{outcome}}")], "ops"),
        Panel("Delivered", [("sum(rate(tocsin_delivered_total[5m]))", "delivered")], "ops"),
        Panel(
            "From acceptance to its case",
            [
                (
                    f"histogram_quantile({share}, sum by (le) (rate("
                    'tocsin_handled_after_seconds_bucket{consumer="cases_complaints_received"}'
                    "[5m])))",
                    f"{share:.0%}",
                )
                for share in (0.5, 0.99)
            ],
            "s",
        ),
        Panel(
            "Oldest event not shipped",
            [("max by (service) (tocsin_outbox_age_seconds)", "{{service}}")],
            "s",
        ),
        Panel("Consumer lag", [("max by (consumer) (tocsin_consumer_lag)", "{{consumer}}")]),
        Panel(
            "Longest-due delivery",
            [("max(tocsin_deliveries_lag_seconds)", "due since")],
            "s",
        ),
        _number("Dead letters", "sum(max by (service) (tocsin_dead_letters))", red_above=0),
        _number("Missed clocks", "sum(max by (clock) (tocsin_clocks_missed))", red_above=0),
        _number(
            "Deliveries given up in 24 h",
            "sum(increase(tocsin_deliveries_failed_total[1d]))",
            red_above=0,
        ),
        _number("Releases held", "max(tocsin_disclosures_held)", red_above=20),
        _number(
            "Stopped by the disclosure rules in 24 h",
            "sum(increase(tocsin_gate_refusals_total[1d]))",
            red_above=20,
        ),
        _number("Parked events", "sum(max by (service) (tocsin_parked_events))", red_above=100),
        Panel(
            "Hotlines' files that are no evidence yet",
            [("max by (outcome) (tocsin_media_files)", "{{outcome}}")],
        ),
        _number("Hotlines' files late", "max(tocsin_media_late)", red_above=0),
        _number(
            "Hotlines' files given up",
            'max(tocsin_media_files{outcome="given_up"})',
            red_above=0,
        ),
    ],
)

SERVICE = Dashboard(
    "tocsin-service",
    "A service",
    [
        Panel(
            "Requests by status",
            [(_rate("tocsin_http_requests_total", "status", service="$service"), "{{status}}")],
            "reqps",
        ),
        Panel(
            "Requests by route",
            [(_rate("tocsin_http_requests_total", "route", service="$service"), "{{route}}")],
            "reqps",
        ),
        Panel(
            "Slowest hundredth by route",
            [
                (
                    "histogram_quantile(0.99, sum by (le, route) (rate("
                    'tocsin_http_request_seconds_bucket{service="$service"}[5m])))',
                    "{{route}}",
                )
            ],
            "s",
        ),
        Panel(
            "Events by outcome",
            [(_rate("tocsin_handled_total", "outcome", service="$service"), "{{outcome}}")],
            "ops",
        ),
        Panel(
            "Slowest hundredth by consumer",
            [
                (
                    "histogram_quantile(0.99, sum by (le, consumer) (rate("
                    'tocsin_handled_after_seconds_bucket{service="$service"}[5m])))',
                    "{{consumer}}",
                )
            ],
            "s",
        ),
        Panel(
            "Shipped",
            [(_rate("tocsin_shipped_total", "stream", service="$service"), "{{stream}}")],
            "ops",
        ),
        Panel(
            "Outbox age",
            [('max(tocsin_outbox_age_seconds{service="$service"})', "oldest")],
            "s",
        ),
        Panel(
            "Set aside",
            [
                ('max(tocsin_parked_events{service="$service"})', "parked"),
                ('max(tocsin_dead_letters{service="$service"})', "dead"),
            ],
        ),
        Panel(
            "Memory",
            [('process_resident_memory_bytes{service="$service"}', "{{instance}}")],
            "bytes",
        ),
        Panel(
            "CPU",
            [('rate(process_cpu_seconds_total{service="$service"}[5m])', "{{instance}}")],
        ),
        Panel(
            "Attempts to deliver (notifications)",
            [(_rate("tocsin_delivery_attempts_total", "outcome"), "{{outcome}}")],
            "ops",
        ),
        Panel(
            "Vault questions (intake)",
            [(_rate("tocsin_vault_questions_total", "outcome"), "{{outcome}}")],
            "ops",
        ),
        Panel(
            "Work in slots (cases)",
            [("sum by (outcome) (increase(tocsin_slot_work_total[1h]))", "{{outcome}}")],
        ),
    ],
    per_service=True,
)

NATS = Dashboard(
    "tocsin-nats",
    "NATS",
    [
        Panel(
            "Events stored",
            [("max by (stream_name) (jetstream_stream_total_messages)", "{{stream_name}}")],
        ),
        Panel(
            "Bytes stored",
            [("max by (stream_name) (jetstream_stream_total_bytes)", "{{stream_name}}")],
            "bytes",
        ),
        Panel(
            "Share of storage used",
            [
                (
                    "max by (server_name) "
                    "(jetstream_server_total_message_bytes / jetstream_server_max_storage)",
                    "{{server_name}}",
                )
            ],
            "percentunit",
        ),
        Panel(
            "Waiting for a consumer",
            [
                (
                    "max by (consumer_name) "
                    '(jetstream_consumer_num_pending{is_consumer_leader="true"})',
                    "{{consumer_name}}",
                )
            ],
        ),
        Panel(
            "Handed over, not settled",
            [
                (
                    "max by (consumer_name) "
                    '(jetstream_consumer_num_ack_pending{is_consumer_leader="true"})',
                    "{{consumer_name}}",
                )
            ],
        ),
        Panel(
            "Come again",
            [
                (
                    "max by (consumer_name) "
                    '(jetstream_consumer_num_redelivered{is_consumer_leader="true"})',
                    "{{consumer_name}}",
                )
            ],
        ),
        Panel("Connections", [("gnatsd_varz_connections", "{{server_id}}")]),
        Panel("Memory", [("gnatsd_varz_mem", "{{server_id}}")], "bytes"),
        Panel("Slow consumers", [("gnatsd_varz_slow_consumers", "{{server_id}}")]),
    ],
)

# One installation has postgres_exporter, another CloudNativePG's own metrics; `or` shows either.
POSTGRES = Dashboard(
    "tocsin-postgres",
    "PostgreSQL",
    [
        Panel(
            "Connections",
            [
                (
                    "sum by (datname) (pg_stat_database_numbackends) "
                    "or sum by (datname) (cnpg_backends_total)",
                    "{{datname}}",
                )
            ],
        ),
        Panel(
            "Commits",
            [
                (
                    "sum by (datname) (rate(pg_stat_database_xact_commit[5m])) "
                    "or sum by (datname) (rate(cnpg_pg_stat_database_xact_commit[5m]))",
                    "{{datname}}",
                )
            ],
            "ops",
        ),
        Panel(
            "Rollbacks",
            [
                (
                    "sum by (datname) (rate(pg_stat_database_xact_rollback[5m])) "
                    "or sum by (datname) (rate(cnpg_pg_stat_database_xact_rollback[5m]))",
                    "{{datname}}",
                )
            ],
            "ops",
        ),
        Panel(
            "Size",
            [
                (
                    "max by (datname) (pg_database_size_bytes) "
                    "or max by (datname) (cnpg_pg_database_size_bytes)",
                    "{{datname}}",
                )
            ],
            "bytes",
        ),
        Panel("Replication lag", [("max by (pod) (cnpg_pg_replication_lag)", "{{pod}}")], "s"),
        Panel(
            "Age of the last backup",
            [
                (
                    "time() - max by (pod) "
                    "(barman_cloud_cloudnative_pg_io_last_available_backup_timestamp)",
                    "{{pod}}",
                )
            ],
            "s",
        ),
    ],
)

DASHBOARDS = (PATH, SERVICE, NATS, POSTGRES)
