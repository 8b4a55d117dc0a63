"""What dies is started again, ever later; what is stopped stays stopped."""

import os
import signal
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tocsin_cli import restarts
from tocsin_cli.service_process import ServiceProcess
from tocsin_cli.supervisor import Supervisor

Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture
def supervisor() -> Generator[Supervisor]:
    looks_after = Supervisor()
    yield looks_after
    looks_after.stop()


@pytest.mark.parametrize(
    ("deaths", "seconds"), [(1, 0.2), (2, 0.4), (3, 0.8), (8, 25.6), (9, 30.0), (10_000, 30.0)]
)
def test_the_wait_doubles_to_half_a_minute(deaths: int, seconds: float) -> None:
    assert restarts.delay(deaths) == pytest.approx(seconds)


def test_what_dies_is_started_again(
    supervisor: Supervisor, tmp_path: Path, eventually: Eventually
) -> None:
    server = a_server(tmp_path)
    supervisor.add("server", server)
    first = server.pid
    assert first
    began = time.monotonic()

    os.kill(first, signal.SIGKILL)

    def is_back() -> bool:
        started = supervisor.tend()
        return started == ["server"] and server.pid not in (None, first)

    eventually(is_back)
    assert time.monotonic() - began >= restarts.FIRST
    assert supervisor.deaths("server") == 1


def test_stopping_leaves_nothing_running(supervisor: Supervisor, tmp_path: Path) -> None:
    servers = [a_server(tmp_path) for _ in range(3)]
    for number, server in enumerate(servers):
        supervisor.add(str(number), server)

    supervisor.stop()
    supervisor.tend()

    assert not any(server.running for server in servers)


def test_a_log_that_has_grown_large_is_set_aside_at_the_next_start(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    log.write_bytes(b"x" * 10_000_001)
    server = ServiceProcess("this", log=log, environment={})

    server.start()
    server.stop()

    assert log.with_suffix(".log.1").stat().st_size == 10_000_001
    assert log.stat().st_size < 100_000


def a_server(directory: Path) -> ServiceProcess:
    """A program from the standard library that runs until it is told to stop."""
    return ServiceProcess(
        "http.server",
        "--bind=127.0.0.1",
        "0",
        log=directory / "server.log",
        environment=dict(os.environ),
    )
