"""PostgreSQL and NATS in containers of the images that docker-compose.yml names."""

import os
import socket
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tocsin_cli.embedded import psql
from tocsin_cli.embedded.account import server_account
from tocsin_cli.embedded.binaries import postgres_programs
from tocsin_cli.embedded.ports import free_port
from tocsin_cli.embedded.postgres import database_of, databases
from tocsin_cli.secrets import Secrets
from tocsin_common.testing.servers import Servers
from tocsin_contracts.permissions import USERS, server_config

POSTGRES_IMAGE = "postgres:18-bookworm"
NATS_IMAGE = "nats:2.15-alpine"

_HOST = "127.0.0.1"
_PATIENCE = 60.0  # seconds for a server to take connections
_LOOK = 0.05  # seconds between looks
_PASSWORD = "/run/postgres_password"  # noqa: S105 - where it lies in the container
_CONFIG = "/etc/nats/test.conf"
_OFF = ("fsync", "full_page_writes", "wal_recycle")
_FAST = [part for name in _OFF for part in ("-c", f"{name}=off")]


class ContainerServer:
    """One server in a container, at a port of this machine that it keeps when started again."""

    def __init__(self, image: str, inside: int, **options: Any) -> None:
        # The reaper is an image of its own; our containers end with the fixture that started them.
        os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
        from testcontainers.core.container import DockerContainer

        self.port = free_port()
        self._container = DockerContainer(image, **options)
        ports: dict[str, Any] = self._container.ports
        ports[f"{inside}/tcp"] = (_HOST, self.port)

    @contextmanager
    def running(self) -> Generator[None]:
        """Run until the block ends, and leave nothing behind."""
        try:
            self._container.start()
            self._await()
            yield
        finally:
            self._container.stop()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._container.get_wrapped_container().kill()

    def start(self) -> None:
        """Start it again on what it kept."""
        self._container.get_wrapped_container().start()
        self._await()

    def takes_connections(self) -> bool:
        raise NotImplementedError

    def _await(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self.takes_connections():
            if time.monotonic() > deadline:
                said = b"".join(self._container.get_logs()).decode(errors="replace")
                raise TimeoutError(f"{self._container.image} did not start: {said[-500:]}")
            time.sleep(_LOOK)


class ContainerPostgres(ContainerServer):
    """PostgreSQL with a database and a role for each service."""

    def __init__(self, folder: Path, secrets: Secrets) -> None:
        password = folder / "password"
        password.write_text(secrets.postgres_password)
        super().__init__(
            POSTGRES_IMAGE,
            5432,
            env={"POSTGRES_PASSWORD_FILE": _PASSWORD},
            volumes=[(str(password), _PASSWORD, "ro")],
            command=["postgres", *_FAST],
            user="999:999",
        )
        self._secrets = secrets
        self._psql = postgres_programs(server_account()) / "psql"

    @property
    def admin_url(self) -> str:
        return self._url("postgres", self._secrets.postgres_password, "postgres")

    def url(self, service: str) -> str:
        name = database_of(service)
        return self._url(name, self._secrets.database_password(service), name)

    def takes_connections(self) -> bool:
        try:
            psql.run(self._psql, self.admin_url, databases(self._secrets))
        except psql.SqlFailed:
            return False
        return True

    def _url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{password}@{_HOST}:{self.port}/{database}"


class ContainerNats(ContainerServer):
    """NATS with a user for each service."""

    def __init__(self, folder: Path, secrets: Secrets) -> None:
        config = folder / "nats.conf"
        passwords = {user: secrets.nats_password(user) for user in USERS}
        config.write_text(server_config(passwords, store_dir="/data", host="0.0.0.0"))
        super().__init__(
            NATS_IMAGE,
            4222,
            volumes=[(str(config), _CONFIG, "ro")],
            command=["--config", _CONFIG],
        )

    @property
    def url(self) -> str:
        return f"nats://{_HOST}:{self.port}"

    def takes_connections(self) -> bool:
        try:
            with socket.create_connection((_HOST, self.port), timeout=1) as client:
                return client.recv(4) == b"INFO"
        except OSError:
            return False


@contextmanager
def containers() -> Generator[Servers]:
    """Both servers, each in a container of its own that goes away with its data."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-test-")))
        secrets = Secrets.generate()
        postgres, nats = ContainerPostgres(folder, secrets), ContainerNats(folder, secrets)
        stack.enter_context(postgres.running())
        stack.enter_context(nats.running())
        yield Servers(postgres, nats, secrets)
