"""For each alert a world in which it fires, and one like it in which it stays silent.

Values are promtool's: `0+60x60` begins at 0 and grows by 60 at each of 60 steps of a minute;
`_x20` is twenty steps of silence.
"""

from dataclasses import dataclass, field

Series = dict[str, str]
REQUESTS = "tocsin_http_requests_total"
LATE = "tocsin_handled_after_seconds"


@dataclass(frozen=True)
class Case:
    """Series after which an alert fires after so many minutes, with labels; and a quiet world."""

    fires: Series
    quiet: Series
    after: int
    labels: dict[str, str] = field(default_factory=dict[str, str])


def answers(good: int, bad: int, minutes: int) -> Series:
    """Requests a minute, by outcome."""
    return {
        f'{REQUESTS}{{service="intake",status="201"}}': f"0+{good}x{minutes}",
        f'{REQUESTS}{{service="intake",status="503"}}': f"0+{bad}x{minutes}",
    }


def waits(within: int, of: int) -> Series:
    """Complaints a minute that were answered within half a second."""
    about = 'service="intake",route="/v1/complaints"'
    return {
        f'tocsin_http_request_seconds_bucket{{{about},le="0.5"}}': f"0+{within}x60",
        f'tocsin_http_request_seconds_bucket{{{about},le="1.0"}}': f"0+{of}x60",
        f'tocsin_http_request_seconds_bucket{{{about},le="+Inf"}}': f"0+{of}x60",
    }


def filed(in_time: int, of: int) -> Series:
    consumer = 'consumer="cases_complaints_received"'
    return {
        f'{LATE}_bucket{{{consumer},le="30.0"}}': f"0+{in_time}x120",
        f"{LATE}_count{{{consumer}}}": f"0+{of}x120",
    }


def attempts(good: int, bad: int) -> Series:
    return {
        'tocsin_delivery_attempts_total{outcome="delivered"}': f"0+{good}x60",
        'tocsin_delivery_attempts_total{outcome="timeout"}': f"0+{bad}x60",
    }


def heard_of(*services: str) -> Series:
    return {f'tocsin_outbox_age_seconds{{service="{one}"}}': "0x30" for one in services}


def level(series: str, fires: str, quiet: str, after: int, **labels: str) -> Case:
    """A gauge that is too high, or is not."""
    return Case({series: f"{fires}x200"}, {series: f"{quiet}x200"}, after, labels)


EVERYBODY = ("intake", "cases", "notifications", "buyer-portal-api")
STORED = "jetstream_server_total_message_bytes"
OF = "jetstream_server_max_storage"
HPA = 'namespace="tocsin",horizontalpodautoscaler="intake-api"'
CLAIM = 'namespace="tocsin",persistentvolumeclaim="data-nats-0"'
POD = "postgres-intake-1"
BACKUP = f'barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{{pod="{POD}"}}'
PROVISIONED = 'kube_cronjob_status_last_successful_time{namespace="tocsin",cronjob="provision"}'

CASES: dict[str, Case] = {
    "TocsinErrorBudgetBurnsFast": Case(
        answers(95, 5, 120), answers(1000, 1, 120), 90, {"service": "intake"}
    ),
    "TocsinErrorBudgetBurnsSlowly": Case(
        answers(990, 10, 600), answers(1000, 1, 600), 500, {"service": "intake"}
    ),
    "TocsinAcceptanceSlow": Case(waits(90, 100), waits(100, 100), 45),
    "TocsinServiceDown": level(
        'up{job="tocsin",service="cases"}', "0", "1", 10, job="tocsin", service="cases"
    ),
    "TocsinTelemetryAbsent": Case(
        heard_of("intake", "cases", "notifications"),
        heard_of(*EVERYBODY),
        20,
        {"service": "buyer-portal-api"},
    ),
    "TocsinOutboxStuck": Case(
        {'tocsin_outbox_age_seconds{service="intake"}': "0+60x20"},
        {'tocsin_outbox_age_seconds{service="intake"}': "0 30 59 10x20"},
        10,
        {"service": "intake"},
    ),
    "TocsinConsumerLagging": level(
        'tocsin_consumer_lag{consumer="c"}', "1500", "900", 20, consumer="c"
    ),
    "TocsinComplaintsLate": Case(filed(95, 100), filed(1000, 1000), 90),
    "TocsinDeadLetters": level(
        'tocsin_dead_letters{service="cases"}', "1", "0", 5, service="cases"
    ),
    "TocsinParkedEvents": level(
        'tocsin_parked_events{service="cases"}', "150", "50", 30, service="cases"
    ),
    "TocsinClockMissed": level(
        'tocsin_clocks_missed{clock="acknowledge"}', "2", "0", 15, clock="acknowledge"
    ),
    "TocsinDangerNotTakenOn": Case(
        {'tocsin_clocks_missed{clock="danger"}': "1x60"},
        {
            'tocsin_clocks_missed{clock="danger"}': "0x60",
            'tocsin_clocks_missed{clock="acknowledge"}': "3x60",
        },
        10,
        {"clock": "danger"},
    ),
    "TocsinSlotWorkFailing": Case(
        {'tocsin_slot_work_total{outcome="failed"}': "0+1x60"},
        {'tocsin_slot_work_total{outcome="failed"}': "0 1x59"},
        40,
    ),
    "TocsinVaultQuestionsRefused": Case(
        {'tocsin_vault_questions_total{outcome="token_refused"}': "0+1x60"},
        {
            'tocsin_vault_questions_total{outcome="token_refused"}': "2x60",
            'tocsin_vault_questions_total{outcome="answered"}': "0+9x60",
        },
        40,
    ),
    "TocsinMediaGivenUp": Case(
        {'tocsin_media_files{outcome="given_up"}': "3x10 4x50"},
        {
            'tocsin_media_files{outcome="given_up"}': "4x10 3x50",
            'tocsin_media_files{outcome="refused"}': "7x60",
            'tocsin_media_files{outcome="waiting"}': "40x60",
        },
        20,
    ),
    "TocsinMediaLate": Case({"tocsin_media_late": "2x60"}, {"tocsin_media_late": "1 0x60"}, 45),
    "TocsinGateRefusals": Case(
        {"tocsin_gate_refusals_total": "0+1x200"}, {"tocsin_gate_refusals_total": "0 5x200"}, 120
    ),
    "TocsinDeliveriesFailing": Case(attempts(70, 30), attempts(95, 5), 45),
    "TocsinDeliveryGivenUp": Case(
        {"tocsin_deliveries_failed_total": "0x10 1x50"},
        {"tocsin_deliveries_failed_total": "3x60"},
        20,
    ),
    "TocsinDeliveriesLate": level("tocsin_deliveries_lag_seconds", "400", "120", 15),
    "TocsinMailServerAway": level("tocsin_mail_server_away", "1", "0", 20),
    "TocsinNatsDown": level('up{job="nats",instance="n"}', "0", "1", 10, job="nats", instance="n"),
    "TocsinNatsStorageFilling": Case(
        {f'{STORED}{{server_name="nats-0"}}': "90x60", f'{OF}{{server_name="nats-0"}}': "100x60"},
        {f'{STORED}{{server_name="nats-0"}}': "50x60", f'{OF}{{server_name="nats-0"}}': "100x60"},
        30,
        {"server_name": "nats-0"},
    ),
    "TocsinNatsStreamWithoutLeader": Case(
        {
            'jetstream_stream_total_messages{stream_name="CASES",is_stream_leader="false"}': "5x60",
            'jetstream_stream_total_messages{stream_name="ALERTS",is_stream_leader="true"}': "5x60",
        },
        {'jetstream_stream_total_messages{stream_name="CASES",is_stream_leader="true"}': "5x60"},
        10,
        {"stream_name": "CASES"},
    ),
    "TocsinNatsSlowConsumers": Case(
        {'gnatsd_varz_slow_consumers{server_id="s"}': "0+1x60"},
        {'gnatsd_varz_slow_consumers{server_id="s"}': "7x60"},
        30,
        {"server_id": "s"},
    ),
    "TocsinPostgresDown": level('pg_up{instance="p"}', "0", "1", 10, instance="p"),
    "TocsinPostgresConnectionsScarce": Case(
        {
            'pg_stat_database_numbackends{instance="p",datname="a"}': "60x60",
            'pg_stat_database_numbackends{instance="p",datname="b"}': "30x60",
            'pg_settings_max_connections{instance="p"}': "100x60",
        },
        {
            'pg_stat_database_numbackends{instance="p",datname="a"}': "60x60",
            'pg_settings_max_connections{instance="p"}': "100x60",
        },
        30,
        {"instance": "p"},
    ),
    "TocsinBackupOld": Case(
        {BACKUP: "0x2000"},
        {BACKUP: "0+60x2000"},
        1800,
        {"cluster": "postgres-intake"},
    ),
    "TocsinWalArchiveFailing": Case(
        {
            f'cnpg_pg_stat_archiver_last_failed_time{{pod="{POD}"}}': "200x60",
            f'cnpg_pg_stat_archiver_last_archived_time{{pod="{POD}"}}': "100x60",
        },
        {
            f'cnpg_pg_stat_archiver_last_failed_time{{pod="{POD}"}}': "100x60",
            f'cnpg_pg_stat_archiver_last_archived_time{{pod="{POD}"}}': "200x60",
        },
        30,
        {"pod": POD},
    ),
    "TocsinReplicationLagging": level(
        f'cnpg_pg_replication_lag{{pod="{POD}"}}', "60", "2", 15, pod=POD
    ),
    "TocsinDatabaseConnectionsScarce": Case(
        {
            f'cnpg_backends_total{{pod="{POD}",datname="a"}}': "180x60",
            f'cnpg_pg_settings_setting{{pod="{POD}",name="max_connections"}}': "200x60",
        },
        {
            f'cnpg_backends_total{{pod="{POD}",datname="a"}}': "100x60",
            f'cnpg_pg_settings_setting{{pod="{POD}",name="max_connections"}}': "200x60",
        },
        30,
        {"pod": POD},
    ),
    "TocsinPodsNotReady": level(
        'kube_deployment_status_replicas_unavailable{namespace="tocsin",deployment="cases-api"}',
        "1",
        "0",
        30,
        namespace="tocsin",
        deployment="cases-api",
    ),
    "TocsinCrashLooping": Case(
        {'kube_pod_container_status_restarts_total{namespace="tocsin",pod="p"}': "0+1x60"},
        {'kube_pod_container_status_restarts_total{namespace="tocsin",pod="p"}': "4x60"},
        40,
        {"namespace": "tocsin", "pod": "p"},
    ),
    "TocsinAtMostReplicas": Case(
        {
            f"kube_horizontalpodautoscaler_status_current_replicas{{{HPA}}}": "12x60",
            f"kube_horizontalpodautoscaler_spec_max_replicas{{{HPA}}}": "12x60",
        },
        {
            f"kube_horizontalpodautoscaler_status_current_replicas{{{HPA}}}": "5x60",
            f"kube_horizontalpodautoscaler_spec_max_replicas{{{HPA}}}": "12x60",
        },
        30,
        {"namespace": "tocsin", "horizontalpodautoscaler": "intake-api"},
    ),
    "TocsinVolumeFilling": Case(
        {
            f"kubelet_volume_stats_available_bytes{{{CLAIM}}}": "10x60",
            f"kubelet_volume_stats_capacity_bytes{{{CLAIM}}}": "100x60",
        },
        {
            f"kubelet_volume_stats_available_bytes{{{CLAIM}}}": "60x60",
            f"kubelet_volume_stats_capacity_bytes{{{CLAIM}}}": "100x60",
        },
        30,
        {"namespace": "tocsin", "persistentvolumeclaim": "data-nats-0"},
    ),
    "TocsinCertificateExpires": level(
        'certmanager_certificate_expiration_timestamp_seconds{namespace="tocsin",name="nats-tls"}',
        "864000",
        "8640000",
        120,
        namespace="tocsin",
        name="nats-tls",
    ),
    "TocsinProvisioningFailing": Case(
        {PROVISIONED: "0x200"},
        {PROVISIONED: "0+60x200"},
        120,
    ),
}
