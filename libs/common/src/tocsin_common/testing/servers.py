"""The PostgreSQL and NATS that tests run on: real ones, started for one pytest process."""

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tocsin_cli.embedded import NatsServer, Postgres
from tocsin_cli.secrets import Secrets


class PostgresLike(Protocol):
    """A PostgreSQL with a database and a role for each service."""

    @property
    def admin_url(self) -> str: ...

    def url(self, service: str) -> str:
        """Where a service finds its database."""
        ...

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        ...

    def start(self) -> None:
        """Start it again on what it kept."""
        ...


class NatsLike(Protocol):
    """A NATS server with a user for each service."""

    @property
    def url(self) -> str: ...

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        ...

    def start(self) -> None:
        """Start it again on what it kept."""
        ...


class Servers:
    """What a test may talk to."""

    def __init__(self, postgres: PostgresLike, nats: NatsLike, secrets: Secrets) -> None:
        self.postgres = postgres
        self.nats = nats
        self.secrets = secrets

    def environment(self, service: str) -> dict[str, str]:
        """All the variables a process of `service` needs."""
        return {
            **self.secrets.environment(service),
            "TOCSIN_DATABASE_URL": self.postgres.url(service),
            "TOCSIN_NATS_URL": self.nats.url,
        }


@contextmanager
def embedded() -> Generator[Servers]:
    """Servers of our own, from the wheels, in a folder that goes away.

    `TOCSIN_TEST_DURABLE=1` makes PostgreSQL write through to the disk, as in production.
    """
    root = Path(tempfile.mkdtemp(prefix="tocsin-test-"))
    root.chmod(0o711)  # as root the servers run as somebody else
    secrets = Secrets.generate()
    postgres = Postgres(root, secrets, durable=os.environ.get("TOCSIN_TEST_DURABLE") == "1")
    nats = NatsServer(root, secrets)
    try:
        postgres.start()
        nats.start()
        yield Servers(postgres, nats, secrets)
    finally:
        nats.stop()
        postgres.stop()
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def start() -> Generator[Servers]:
    """The servers that `TOCSIN_TEST_INFRA` asks for: `embedded` (default), `containers`, `given`.

    Raises:
        ValueError: it asks for something else.
    """
    from tocsin_common.testing.containers import containers
    from tocsin_common.testing.given import given

    known = {"embedded": embedded, "containers": containers, "given": given}
    wanted = os.environ.get("TOCSIN_TEST_INFRA", "embedded")
    if wanted not in known:
        raise ValueError(f"TOCSIN_TEST_INFRA={wanted}: known are {', '.join(known)}")
    with known[wanted]() as servers:
        yield servers
