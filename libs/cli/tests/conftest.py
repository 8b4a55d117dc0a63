"""A directory for each test that the servers can use, and servers that are gone afterwards."""

import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tocsin_cli.embedded import NatsServer, Postgres
from tocsin_cli.secrets import Secrets


@pytest.fixture
def root() -> Generator[Path]:
    """pytest's own `tmp_path` lies in a closed directory, where root's servers cannot go."""
    directory = Path(tempfile.mkdtemp(prefix="tocsin-test-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def secrets() -> Secrets:
    return Secrets.generate()


@pytest.fixture
def postgres(root: Path, secrets: Secrets) -> Generator[Postgres]:
    server = Postgres(root, secrets, durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def nats(root: Path, secrets: Secrets) -> Generator[NatsServer]:
    server = NatsServer(root, secrets)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline, "it did not happen within 20 s"
            time.sleep(0.01)

    return wait
