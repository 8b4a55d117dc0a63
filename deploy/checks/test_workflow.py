"""The forge's workflow calls what people call, and trusts nothing that can change."""

import re
from pathlib import Path
from typing import Any

import yaml

WORKFLOW = Path(".github/workflows/ci.yml")
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")


def jobs() -> dict[str, Any]:
    return yaml.safe_load(WORKFLOW.read_text())["jobs"]


def steps() -> list[Any]:
    return [step for job in jobs().values() for step in job["steps"]]


def test_every_make_target_that_it_calls_exists() -> None:
    called = {
        target
        for step in steps()
        for target in re.findall(r"make ([a-z0-9-]+)", step.get("run", ""))
    }
    targets = set(re.findall(r"^([a-z0-9-]+):", Path("Makefile").read_text(), re.MULTILINE))

    assert {"check", "test", "k8s-validate", "compose-test"} <= called
    assert called <= targets


def test_where_the_previous_version_is_run_the_clone_has_it() -> None:
    [checkout] = [
        step for step in jobs()["containers"]["steps"] if "checkout" in step.get("uses", "")
    ]

    assert checkout["with"]["fetch-depth"] == 0


def test_every_action_is_pinned_by_its_hash_and_says_which_release_that_is() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    text = WORKFLOW.read_text()

    assert used
    for action in used:
        assert PINNED.fullmatch(action), action
        assert re.search(rf"{re.escape(action)} # v\d+\.\d+\.\d+", text), action


def test_every_image_is_released_with_bill_of_materials_and_signed_by_digest() -> None:
    release = jobs()["release"]
    [build] = [step for step in release["steps"] if "build-push" in step.get("uses", "")]

    assert set(release["strategy"]["matrix"]["service"]) == {
        path.name for path in Path("services").iterdir() if path.is_dir()
    }
    assert (build["with"]["sbom"], build["with"]["provenance"]) == (True, "mode=max")
    assert any("cosign sign" in step.get("run", "") for step in release["steps"])
    assert "outputs.digest" in str(release["steps"])


def test_nothing_may_write_but_what_signs() -> None:
    document = yaml.safe_load(WORKFLOW.read_text())

    assert document["permissions"] == {"contents": "read"}
    granted = [job.get("permissions", {}) for job in jobs().values()]
    assert [one for one in granted if one] == [{"contents": "read", "id-token": "write"}]


def test_no_expression_is_pasted_into_a_script() -> None:
    assert not [step["run"] for step in steps() if "${{" in step.get("run", "")]
