"""Numbers that must add up: settings, secrets, seconds, connections."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from deploy.checks.rendered import Object, containers, named, of_kind, pod_of, secrets_of, workloads
from tocsin_common import database, service
from tocsin_common.provision import ProvisionSettings
from tocsin_contracts.streams import SERVICES

NAMES = {one.replace("_", "-"): one for one in SERVICES}
README = Path("deploy/k8s/README.md")
OF_UVICORN = {"FORWARDED_ALLOW_IPS"}  # whose `X-Forwarded-For` is believed
MADE_BY_OPERATORS = re.compile(r"postgres-[a-z-]+-(app|ca)|nats-tls|nats-authority")
RESERVED = 30  # connections of superusers, the operator, copies, backups, a person
OF_A_PROCESS = 9  # its pool, and its relay's own


def settings_of(name: str) -> type[Any]:
    return import_module(f"tocsin_{name}.settings").Settings


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_is_a_setting_of_whoever_gets_it(name: str, objects: list[Object]) -> None:
    told = {
        *named(objects, "ConfigMap", "tocsin")["data"],
        *named(objects, "ConfigMap", name)["data"],
    }
    known = {f"TOCSIN_{field.upper()}" for field in settings_of(NAMES[name]).model_fields}

    assert set(told) - OF_UVICORN <= known


@pytest.mark.parametrize("name", NAMES)
def test_every_authority_that_a_service_is_told_of_is_mounted(
    name: str, production: list[Object]
) -> None:
    told = named(production, "ConfigMap", "tocsin")["data"]
    wanted = [told["TOCSIN_DATABASE_CA_FILE"], told["TOCSIN_NATS_CA_FILE"]]
    for role in ("api", "worker"):
        pod = pod_of(named(production, "Deployment", f"{name}-{role}"))
        assert pod
        [folder] = {
            mount["mountPath"]
            for container in containers(pod)
            for mount in container["volumeMounts"]
            if mount["name"] == "secrets"
        }
        [volume] = [one for one in pod["spec"]["volumes"] if one["name"] == "secrets"]
        there = {
            f"{folder}/{item['path']}"
            for source in volume["projected"]["sources"]
            for item in source["secret"].get("items", ())
        }
        assert set(wanted) <= there


def test_provisioning_is_told_only_what_it_reads(objects: list[Object]) -> None:
    told = set(named(objects, "ConfigMap", "provision")["data"])

    assert told <= {f"TOCSIN_{field.upper()}" for field in ProvisionSettings.model_fields}


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_without_a_default_is_a_secret_that_is_mounted(
    name: str, production: list[Object]
) -> None:
    external = named(production, "ExternalSecret", name)["spec"]["data"]
    given = {one["secretKey"] for one in external} | {"tocsin_database_url"}
    fields = settings_of(NAMES[name]).model_fields
    needed = {f"tocsin_{field}" for field, about in fields.items() if about.is_required()}

    assert needed <= given


def test_every_secret_is_provided_and_documented(production: list[Object]) -> None:
    text = README.read_text()
    provided = {one["metadata"]["name"]: one for one in of_kind(production, "ExternalSecret")}
    used = {name for _, pod in workloads(production) for name, _ in secrets_of(pod)}
    for one in of_kind(production, "ObjectStore"):
        used |= {one["name"] for one in one["spec"]["configuration"]["s3Credentials"].values()}

    assert {one for one in used if not MADE_BY_OPERATORS.fullmatch(one)} == set(provided)
    for name, one in provided.items():
        assert f"`{name}`" in text
        for entry in one["spec"]["data"]:
            assert f"`{entry['secretKey']}`" in text, (name, entry["secretKey"])


def test_every_key_a_pod_picks_from_a_secret_is_in_it(production: list[Object]) -> None:
    provided = {
        one["metadata"]["name"]: {entry["secretKey"] for entry in one["spec"]["data"]}
        for one in of_kind(production, "ExternalSecret")
    }
    for _, pod in workloads(production):
        for name, keys in secrets_of(pod):
            if name in provided and keys:
                assert set(keys) <= provided[name]


def test_the_end_fits_into_the_grace_period(objects: list[Object]) -> None:
    bus = 10 + 2  # seconds that handlers get, and the connection's last words
    deliveries = import_module("tocsin_notifications.deliveries.courier").GRACE
    for one in of_kind(objects, "Deployment"):
        pod = pod_of(one)
        assert pod
        [container] = pod["spec"]["containers"]
        sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        ending = sleep + service.FINISHING + bus + deliveries

        assert pod["spec"]["terminationGracePeriodSeconds"] >= ending + 10


def test_nats_has_time_to_hand_over(objects: list[Object]) -> None:
    config = named(objects, "ConfigMap", "nats")["data"]["nats-server.conf"]
    [lame_duck] = re.findall(r"lame_duck_duration: (\d+)s", config)
    pod = pod_of(named(objects, "StatefulSet", "nats"))
    assert pod

    assert pod["spec"]["terminationGracePeriodSeconds"] >= int(lame_duck) + 10


@pytest.mark.parametrize("name", NAMES)
def test_the_most_processes_and_one_more_of_each_have_connections(
    name: str, production: list[Object]
) -> None:
    cluster = named(production, "Cluster", f"postgres-{name}")
    accepted = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
    processes = sum(_most(production, f"{name}-{role}") + 1 for role in ("api", "worker"))

    assert processes * OF_A_PROCESS + RESERVED <= accepted


def test_a_process_takes_no_more_connections_than_counted() -> None:
    import inspect

    pool = inspect.signature(database.Database.__init__).parameters["pool_size"].default

    assert pool + 1 == OF_A_PROCESS


def _most(objects: list[Object], deployment: str) -> int:
    for one in of_kind(objects, "ScaledObject", "HorizontalPodAutoscaler"):
        spec = one["spec"]
        if spec["scaleTargetRef"]["name"] == deployment:
            return spec.get("maxReplicaCount") or spec["maxReplicas"]
    return named(objects, "Deployment", deployment)["spec"]["replicas"]


def test_probes_ask_what_they_are_for(objects: list[Object]) -> None:
    for one in of_kind(objects, "Deployment"):
        pod = pod_of(one)
        assert pod
        for container in pod["spec"]["containers"]:
            asked = {
                probe: container[f"{probe}Probe"]["httpGet"]["path"]
                for probe in ("startup", "liveness", "readiness")
            }
            assert asked == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}


def test_images_and_commands_are_the_dockerfiles(objects: list[Object]) -> None:
    commands = {"serve", "api", "worker", "migrate", "provision", "healthcheck"}
    for one, pod in workloads(objects):
        for container in containers(pod):
            if "tocsin/" in container["image"] and "command" not in container:
                assert len(container["args"]) == 1, one["metadata"]["name"]
                assert container["args"][0] in commands


def test_ports_are_the_images(objects: list[Object]) -> None:
    image = dict(re.findall(r"(TOCSIN_\w+)=(\d+)", Path("Dockerfile").read_text()))
    for one in of_kind(objects, "Deployment"):
        pod = pod_of(one)
        assert pod
        ports = {
            port["name"]: port["containerPort"] for port in pod["spec"]["containers"][0]["ports"]
        }
        assert ports == {
            "http": int(image["TOCSIN_PORT"]),
            "metrics": int(image["TOCSIN_METRICS_PORT"]),
        }


def test_backups_are_kept_as_long_as_certificates_of_erasure_say(production: list[Object]) -> None:
    days = named(production, "ConfigMap", "intake")["data"]["TOCSIN_BACKUP_DAYS"]

    assert {one["spec"]["retentionPolicy"] for one in of_kind(production, "ObjectStore")} == {
        f"{days}d"
    }
