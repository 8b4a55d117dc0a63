"""The overlays as `make k8s-validate` rendered them, and ways to look into them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

OUT = Path("build/k8s")
OVERLAYS = ("dev", "production")
HASHED = re.compile(r"-[bcdfghkmt2456789]{10}")  # what kustomize appends
Object = dict[str, Any]


def load(overlay: str) -> list[Object]:
    """Every object of an overlay."""
    return [one for one in yaml.safe_load_all((OUT / f"{overlay}.yaml").read_text()) if one]


def of_kind(objects: Sequence[Object], *kinds: str) -> list[Object]:
    return [one for one in objects if one["kind"] in kinds]


def named(objects: Sequence[Object], kind: str, name: str) -> Object:
    """The one object of a kind and name; generated names may end in a hash."""
    found = [
        one
        for one in of_kind(objects, kind)
        if one["metadata"]["name"] == name
        or (kind == "ConfigMap" and HASHED.fullmatch(one["metadata"]["name"].removeprefix(name)))
    ]
    [only] = found
    return only


def called(one: Object) -> str:
    return f"{one['kind']}/{one['metadata']['name']}"


def pod_of(one: Object) -> Object | None:
    """The pod that an object makes, if it makes any."""
    if one["kind"] == "CronJob":
        return one["spec"]["jobTemplate"]["spec"]["template"]
    if one["kind"] in {"Deployment", "StatefulSet", "Job"}:
        return one["spec"]["template"]
    return None


def workloads(objects: Sequence[Object]) -> Iterator[tuple[Object, Object]]:
    """Everything that makes pods, and its pod."""
    for one in objects:
        if pod := pod_of(one):
            yield one, pod


def containers(pod: Object) -> Iterator[Object]:
    yield from pod["spec"].get("initContainers", ())
    yield from pod["spec"]["containers"]


def labels_of(pod: Object) -> dict[str, str]:
    return pod["metadata"]["labels"]


def matches(selector: Object, labels: dict[str, str]) -> bool:
    """Whether a label selector selects these labels."""
    for name, value in selector.get("matchLabels", {}).items():
        if labels.get(name) != value:
            return False
    for wanted in selector.get("matchExpressions", ()):
        if wanted["operator"] != "In":
            raise NotImplementedError(wanted["operator"])
        if labels.get(wanted["key"]) not in wanted["values"]:
            return False
    return True


def secrets_of(pod: Object) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Every secret a pod reads, and which of its keys; `None` for all."""
    for volume in pod["spec"].get("volumes", ()):
        if secret := volume.get("secret"):
            yield secret["secretName"], None
        for source in volume.get("projected", {}).get("sources", ()):
            if secret := source.get("secret"):
                items = secret.get("items")
                yield secret["name"], tuple(one["key"] for one in items) if items else None
    for container in containers(pod):
        for variable in container.get("env", ()):
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                yield reference["name"], (reference["key"],)


UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "MiB": 1 << 20, "GiB": 1 << 30}


def in_bytes(quantity: str) -> int:
    number = quantity.rstrip("KMGiB")
    return int(number) * UNITS[quantity[len(number) :]]
