"""The command as a shell sees it: what it prints, where, and how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin_cli.embedded.ports import free_port


def tocsin(
    *arguments: str, directory: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")
    }
    return subprocess.run(
        [sys.executable, "-m", "tocsin_cli", *arguments],
        env={**inherited, "TOCSIN_DATA_DIR": str(directory), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_error_says_what_to_do_next(tmp_path: Path) -> None:
    done = tocsin("dlq", "ls", directory=tmp_path)

    assert done.returncode == 7
    assert done.stdout == ""
    assert f"Error: there is no Tocsin in {tmp_path}\n" in done.stderr
    assert "tocsin up" in done.stderr


def test_an_error_is_json_where_json_was_asked_for(tmp_path: Path) -> None:
    done = tocsin("dlq", "show", "cases", "7", "--json", directory=tmp_path)

    assert done.returncode == 7
    assert json.loads(done.stderr)["error"] == f"there is no Tocsin in {tmp_path}"


def test_a_service_that_does_not_answer_is_told_from_one_that_refuses(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"

    done = tocsin(
        "dlq",
        "ls",
        "cases",
        directory=tmp_path,
        TOCSIN_CASES_URL=nowhere,
        TOCSIN_CASES_ADMIN_KEY="k",
    )

    assert done.returncode == 3
    assert f"cases does not answer at {nowhere}" in done.stderr


def test_wrong_usage_ends_with_2(tmp_path: Path) -> None:
    assert tocsin("dlq", "show", "cases", "seven", directory=tmp_path).returncode == 2
    assert tocsin("send", directory=tmp_path).returncode == 2


@pytest.mark.parametrize("text", ["", "{", "[1,"])
def test_what_is_sent_must_be_json_and_is_not_quoted(tmp_path: Path, text: str) -> None:
    complaint = tmp_path / "complaint.json"
    complaint.write_text(text)

    done = tocsin(
        "send",
        str(complaint),
        "--key=k",
        directory=tmp_path,
        TOCSIN_INTAKE_URL="http://127.0.0.1:1",
    )

    assert done.returncode == 7
    assert f"{complaint} is not JSON: line 1" in done.stderr


def test_the_doctor_finds_both_programs(tmp_path: Path) -> None:
    done = tocsin("doctor", "--json", directory=tmp_path / "new")

    found = {check["what"]: check for check in json.loads(done.stdout)}
    assert done.returncode == 0
    assert "PostgreSQL) 18" in found["PostgreSQL"]["found"]
    assert "v2.15" in found["nats-server"]["found"]
    assert found["data"]["ok"]


def test_the_doctor_ends_with_1_and_a_remedy_where_something_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{}")
    (tmp_path / "secrets.json").chmod(0o644)

    done = tocsin("doctor", "--json", directory=tmp_path)

    found = {check["what"]: check for check in json.loads(done.stdout)}
    assert done.returncode == 1
    assert found["secrets"]["remedy"] == f"chmod 600 {tmp_path / 'secrets.json'}"
    assert found["tocsin"]["remedy"] == "Start it: tocsin up"


def test_no_colour_where_none_is_wanted(tmp_path: Path) -> None:
    plain = tocsin("doctor", directory=tmp_path, NO_COLOR="1", FORCE_COLOR="1").stdout

    assert "\x1b[3" not in plain
