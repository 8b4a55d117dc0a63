"""What must stay erased lies apart from what a backup of the database holds (protection V5)."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from deploy.checks.rendered import Object, containers, named, of_kind, workloads

Change = Callable[[list[Object]], Any]


def problems(objects: list[Object]) -> list[str]:
    """What keeps the erasure ledger from outliving a restore."""
    place = named(objects, "ConfigMap", "intake")["data"].get("TOCSIN_ERASURE_LEDGER")
    if not place:
        return ["intake keeps no erasure ledger"]
    found = [
        f"{one['metadata']['name']}: {problem}"
        for one, pod in workloads(objects)
        if pod["metadata"]["labels"]["app.kubernetes.io/name"] == "intake"
        for problem in _of(pod, place)
    ]
    claims = {one["metadata"]["name"]: one["spec"] for one in of_kind(objects, CLAIM)}
    if "erasures" not in claims:
        return [*found, "the volume is claimed by nobody"]
    is_shared = claims["erasures"]["accessModes"] == ["ReadWriteMany"]
    if of_kind(objects, "ScaledObject", "HorizontalPodAutoscaler") and not is_shared:
        found.append("pods on several nodes cannot share the volume")
    return found


CLAIM = "PersistentVolumeClaim"


def _of(pod: Object, place: str) -> list[str]:
    claims = {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    }
    found: list[str] = []
    for container in containers(pod):
        mounted = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
        mount = mounted.get(place)
        if not mount or claims.get(mount["name"]) != "erasures" or mount.get("readOnly"):
            found.append(f"{container['name']} cannot write {place} on the claim")
    return found


def test_every_process_of_intake_writes_it_on_a_volume_of_its_own(objects: list[Object]) -> None:
    assert problems(objects) == []


def _pod(objects: list[Object]) -> Any:
    return named(objects, "Deployment", "intake-worker")["spec"]["template"]["spec"]


BROKEN: list[Change] = [
    lambda all_: named(all_, "ConfigMap", "intake")["data"].pop("TOCSIN_ERASURE_LEDGER"),
    lambda all_: named(all_, "ConfigMap", "intake")["data"].update(
        TOCSIN_ERASURE_LEDGER="/tmp/ledger"  # noqa: S108
    ),
    lambda all_: all_.remove(named(all_, CLAIM, "erasures")),
    lambda all_: named(all_, CLAIM, "erasures")["spec"].update(accessModes=["ReadWriteOnce"]),
    lambda all_: _pod(all_)["volumes"][-1].update(persistentVolumeClaim={"claimName": "data"}),
    lambda all_: _pod(all_)["containers"][0]["volumeMounts"].pop(),
    lambda all_: _pod(all_)["containers"][0]["volumeMounts"][-1].update(readOnly=True),
]


@pytest.mark.parametrize("change", BROKEN)
def test_it_is_noticed_when_that_is_not_so(change: Change, production: list[Object]) -> None:
    broken = copy.deepcopy(production)
    change(broken)

    assert problems(broken)


def test_by_itself_nothing_is_erased_again(objects: list[Object]) -> None:
    assert named(objects, "CronJob", "erase-again")["spec"]["suspend"] is True
