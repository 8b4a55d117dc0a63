"""A mutated copy of every kind is refused by its schema."""

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.checks.rendered import Object, called

VALIDATE = (".venv-k8s/bin/python", "deploy/ci/k8s/validate.py")

# What a person mistypes, for each kind: a path, and what stands there then.
MISTAKES: dict[str, tuple[str, Any]] = {
    "Certificate": ("spec.privateKey.algorithm", "ECSDA"),
    "Cluster": ("spec.instances", "three"),
    "ConfigMap": ("data.number", 5),
    "CronJob": ("spec.concurrencyPolicy", ["Forbid"]),
    "Deployment": ("spec.template.spec.containers.0.readynessProbe", {}),
    "ExternalSecret": ("spec.data.0.remoteRef", {"property": "x"}),
    "HTTPRoute": ("spec.rules.0.matches.0.path.type", "Prefix"),
    "HorizontalPodAutoscaler": ("spec.maxReplicas", "many"),
    "Issuer": ("spec.ca", {"secretName": 5}),
    "Namespace": ("metadata.lables", {}),
    "NetworkPolicy": ("spec.egres", []),
    "ObjectStore": ("spec.configuration.wal", {"compression": "rar"}),
    "PersistentVolumeClaim": ("spec.accessMode", ["ReadWriteMany"]),
    "PodDisruptionBudget": ("spec.maxUnavaliable", 1),
    "PodMonitor": ("spec.selector", []),
    "PrometheusRule": ("spec.groups.0.rules.0.expr", None),
    "ScaledObject": ("spec.maxReplicaCount", "4"),
    "ScheduledBackup": ("spec.method", "tape"),
    "Service": ("spec.ports.0.port", "http"),
    "ServiceAccount": ("automountServiceAccountToken", "no"),
    "StatefulSet": ("spec.replica", 3),
}


def mutated(one: Object) -> Object:
    path, value = MISTAKES[one["kind"]]
    broken = copy.deepcopy(one)
    at: Any = broken
    *way, last = path.split(".")
    for step in way:
        at = at[int(step)] if step.isdigit() else at.setdefault(step, {})
    at[last] = value
    return broken


def refused(objects: list[Object], folder: Path) -> set[str]:
    """What the validators refuse, by kind and name."""
    file = folder / "objects.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    done = subprocess.run([*VALIDATE, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return {line.partition(":")[0] for line in done.stdout.splitlines()[:-1]}


@pytest.fixture(scope="module")
def one_of_each(production: list[Object]) -> list[Object]:
    kinds = {one["kind"]: one for one in production}
    return list(kinds.values())


def test_there_is_a_mistake_for_every_kind(one_of_each: list[Object]) -> None:
    assert {one["kind"] for one in one_of_each} == set(MISTAKES)


def test_one_of_each_kind_is_accepted_as_it_is(one_of_each: list[Object], tmp_path: Path) -> None:
    assert refused(one_of_each, tmp_path) == set()


def test_a_mistake_in_any_kind_is_refused(one_of_each: list[Object], tmp_path: Path) -> None:
    broken = [mutated(one) for one in one_of_each]

    assert refused(broken, tmp_path) == {called(one) for one in one_of_each}
