"""A lost database comes back under its name, from its own archive, and writes into a new one."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.checks.rendered import OUT, Object, named
from deploy.checks.test_schemas import refused

NAME = "postgres-intake"
KUSTOMIZATION = {
    "apiVersion": "kustomize.config.k8s.io/v1beta1",
    "kind": "Kustomization",
    "resources": ["../../../deploy/k8s/overlays/production"],
    "components": ["../../../deploy/k8s/components/recovery"],
}


@pytest.fixture(scope="module")
def recovering() -> list[Object]:
    """Production with the component `recovery`, rendered."""
    folder = OUT / "recovering"
    folder.mkdir(exist_ok=True)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(KUSTOMIZATION))
    done = subprocess.run(
        ["build/k8s-tools/kustomize", "build", folder], capture_output=True, check=True
    )
    return list(yaml.safe_load_all(done.stdout))


def source_of(cluster: Object) -> Any:
    """The archive that a cluster is recovered from, as its plugin is told."""
    wanted = cluster["spec"]["bootstrap"]["recovery"]["source"]
    [found] = [one for one in cluster["spec"]["externalClusters"] if one["name"] == wanted]
    return found["plugin"]


def test_nothing_else_changes(recovering: list[Object], production: list[Object]) -> None:
    assert [one for one in recovering if one not in production] == [
        named(recovering, "Cluster", NAME)
    ]
    assert len(recovering) == len(production)


def test_it_is_accepted_by_its_schema(recovering: list[Object], tmp_path: Path) -> None:
    assert refused([named(recovering, "Cluster", NAME)], tmp_path) == set()


def test_it_reads_what_the_lost_one_wrote_and_writes_elsewhere(
    recovering: list[Object], production: list[Object]
) -> None:
    lost, new = (named(objects, "Cluster", NAME) for objects in (production, recovering))
    [wrote], [writes] = lost["spec"]["plugins"], new["spec"]["plugins"]
    reads = source_of(new)

    assert reads["name"] == wrote["name"] == writes["name"]
    assert reads["parameters"]["barmanObjectName"] == wrote["parameters"]["barmanObjectName"]
    # An archive has the name of its cluster, unless it is given another.
    assert reads["parameters"]["serverName"] == wrote["parameters"].get("serverName", NAME)
    # Recovery refuses to write into an archive that is not empty.
    assert writes["parameters"]["serverName"] != reads["parameters"]["serverName"]


def test_database_owner_and_settings_are_those_of_the_lost_one(
    recovering: list[Object], production: list[Object]
) -> None:
    lost, new = (named(objects, "Cluster", NAME)["spec"] for objects in (production, recovering))
    made, back = lost["bootstrap"]["initdb"], new["bootstrap"]["recovery"]

    assert (back["database"], back["owner"]) == (made["database"], made["owner"])
    assert new["postgresql"] == lost["postgresql"]
