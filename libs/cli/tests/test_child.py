"""Children die with their parent, whatever ends it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tocsin_cli.embedded.child import Child

Eventually = Callable[[Callable[[], bool]], None]

SERVERS = """
import sys, time
from pathlib import Path
from tocsin_cli.embedded import NatsServer, Postgres
from tocsin_cli.secrets import Secrets

root = Path(sys.argv[1])
secrets = Secrets.of(root)
postgres, nats = Postgres(root, secrets, durable=False), NatsServer(root, secrets)
postgres.start()
nats.start()
print(postgres.pid, nats.pid, flush=True)
time.sleep(600)
"""

WATCHED = """
import signal, subprocess, time
from tocsin_cli.embedded.watchdog import Watchdog

child = subprocess.Popen(["sleep", "600"])
watchdog = Watchdog(child.pid, signal.SIGTERM)
print(child.pid, watchdog.pid, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def kill_parent_of(script: str, *arguments: str) -> list[int]:
    """Run a script until it has printed its children, then kill it; return the children."""
    parent = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    with parent.stdout:
        children = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(children) == 2
        assert all(alive(pid) for pid in children)
        parent.kill()
        parent.wait()
    return children


def test_the_servers_go_when_their_parent_is_killed_and_return_with_the_next(
    root: Path, eventually: Eventually
) -> None:
    for _ in range(2):
        children = kill_parent_of(SERVERS, str(root))

        eventually(lambda pids=children: not any(alive(pid) for pid in pids))


def test_the_watchdog_ends_the_child_of_a_killed_parent_and_then_itself(
    eventually: Eventually,
) -> None:
    children = kill_parent_of(WATCHED)

    eventually(lambda: not any(alive(pid) for pid in children))


def test_one_that_does_not_stop_is_ended(tmp_path: Path, eventually: Eventually) -> None:
    log = tmp_path / "log"
    child = sh("trap '' TERM; echo deaf; while :; do sleep 0.05; done", log)
    eventually(lambda: "deaf" in log.read_text())

    assert child.stop(patience=0.1) is False

    assert child.exit_code == -signal.SIGKILL


def test_one_that_stops_is_given_the_time(tmp_path: Path, eventually: Eventually) -> None:
    log = tmp_path / "log"
    child = sh("trap 'echo bye; exit 3' TERM; echo hello; while :; do sleep 0.05; done", log)
    eventually(lambda: "hello" in log.read_text())

    assert child.stop(patience=20) is True

    assert child.exit_code == 3
    assert log.read_text() == "hello\nbye\n"


def test_it_is_told_nothing_but_its_own_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "ANOTHERS_SECRET", "x")
    child = sh("/usr/bin/env", tmp_path / "log", OWN="y")

    assert child.wait(20) == 0
    assert "OWN=y" in (tmp_path / "log").read_text()
    assert "ANOTHERS_SECRET" not in (tmp_path / "log").read_text()


def test_it_is_not_started_outside_the_main_thread(tmp_path: Path) -> None:
    refused: list[BaseException] = []

    def start() -> None:
        try:
            sh("exit", tmp_path / "log")
        except RuntimeError as error:
            refused.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert [str(error) for error in refused] == ["start child processes from the main thread"]


def sh(script: str, log: Path, **environment: str) -> Child:
    return Child(["/bin/sh", "-c", script], log=log, environment=environment, directory=log.parent)
