"""The tools of `make k8s-validate` refuse what they are there to refuse."""

import copy
import subprocess
from pathlib import Path

import yaml

from deploy.checks.rendered import Object, named, pod_of

BIN = Path(".venv-k8s/bin")
PROMTOOL = Path("build/k8s-tools/promtool")
RULES = Path("deploy/observability/rules/tocsin.yml")


def ends_with(*command: str | Path) -> int:
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_checkov_refuses_a_pod_that_may_do_anything(
    production: list[Object], tmp_path: Path
) -> None:
    careless = copy.deepcopy(named(production, "Deployment", "intake-api"))
    pod = pod_of(careless)
    assert pod
    pod["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    file = tmp_path / "careless.yaml"
    file.write_text(yaml.safe_dump(careless))

    assert ends_with(
        BIN / "checkov", "-f", file, "--framework", "kubernetes", "--skip-download",
        "--skip-check", "CKV_K8S_11,CKV_K8S_15,CKV_K8S_43",
    )  # fmt: skip


def test_promtool_refuses_a_query_that_cannot_be_read(tmp_path: Path) -> None:
    broken = tmp_path / "rules.yml"
    broken.write_text(RULES.read_text().replace("sum by (service) (", "sum by (service (", 1))

    assert ends_with(PROMTOOL, "check", "rules", RULES) == 0
    assert ends_with(PROMTOOL, "check", "rules", broken)


def test_hadolint_refuses_an_image_without_a_tag(tmp_path: Path) -> None:
    careless = tmp_path / "Dockerfile"
    careless.write_text("FROM debian\nRUN cd /tmp && sudo true\n")

    assert ends_with(BIN / "hadolint", careless)
