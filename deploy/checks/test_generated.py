"""What tools/k8s prints and writes."""

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from deploy.checks.rendered import load, secrets_of, workloads


def printed(folder: Path, *arguments: str) -> dict[str, dict[str, str]]:
    """The secrets that the tool makes, by name, as a pod would read them."""
    done = subprocess.run(
        [sys.executable, "tools/k8s", "secrets", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    items: list[Any] = json.loads(done.stdout)["items"]
    return {
        one["metadata"]["name"]: {
            key: base64.b64decode(value).decode() for key, value in one["data"].items()
        }
        for one in items
    }


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    first, second = printed(tmp_path / "k8s"), printed(tmp_path / "k8s")

    hashed = {"nats-passwords"}  # anew each time, of the same passwords
    assert {name: first[name] for name in first.keys() - hashed} == {
        name: second[name] for name in second.keys() - hashed
    }
    assert (tmp_path / "k8s").stat().st_mode & 0o077 == 0


def test_the_server_is_told_no_password_in_clear(tmp_path: Path) -> None:
    made = printed(tmp_path / "k8s")

    assert made["cases"]["tocsin_nats_password"] not in made["nats-passwords"]["passwords.conf"]
    assert made["nats-passwords"]["passwords.conf"].count('"$2') == 6


def test_for_trying_out_every_secret_a_pod_reads_is_made(tmp_path: Path) -> None:
    made = printed(tmp_path / "k8s", "--dev")

    for _, pod in workloads(load("dev")):
        for name, keys in secrets_of(pod):
            assert set(keys or ()) <= made[name].keys()


def test_a_stale_file_is_noticed(tmp_path: Path) -> None:
    for folder in ("deploy", "docs/openapi"):
        shutil.copytree(folder, tmp_path / folder)
    changed = Path("deploy/k8s/components/keda/scaledobjects.yaml")
    check = [sys.executable, str(Path("tools/k8s").absolute()), "--check"]
    fresh = subprocess.run(check, cwd=tmp_path, capture_output=True, check=False)

    text = (tmp_path / changed).read_text()
    (tmp_path / changed).write_text(text.replace("maxReplicaCount: 8", "maxReplicaCount: 80"))
    stale = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (fresh.returncode, stale.returncode) == (0, 1)
    assert str(changed) in stale.stdout
