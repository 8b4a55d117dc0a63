"""Tocsin on one machine: two servers, four services, and what holds them together."""

import fcntl
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from tocsin_cli import client, ports
from tocsin_cli.embedded import NatsServer, Postgres
from tocsin_cli.embedded.account import server_account
from tocsin_cli.embedded.starting import require_open
from tocsin_cli.errors import NotReady, Unusable
from tocsin_cli.files import make_directory
from tocsin_cli.secrets import Secrets
from tocsin_cli.service_process import ServiceProcess
from tocsin_cli.supervisor import Supervisor
from tocsin_contracts.permissions import PROVISION
from tocsin_contracts.streams import BUYER_PORTAL_API, INTAKE, SERVICES

HOST = "127.0.0.1"
_LOOK = 0.05  # seconds between looks while starting
_REST = 0.2  # seconds between looks afterwards
_START_PATIENCE = 90.0  # seconds; a first start on a busy machine takes some ten
_TRIES = 4  # deaths before it was ever ready: something is wrong that waiting will not mend


class Broker(Protocol):
    """A NATS server, or several that are one."""

    @property
    def url(self) -> str: ...
    @property
    def running(self) -> bool: ...
    @property
    def pid(self) -> int | None: ...
    def start(self) -> None: ...
    def ask_to_stop(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class Stack:
    """All of Tocsin, kept running from `start` until `stop` in one data directory.

    Everything it starts ends with the process that started it, however that ends.
    """

    def __init__(
        self,
        directory: Path,
        *,
        settings: Mapping[str, str] | None = None,
        durable: bool = True,
        broker: Callable[[Path, Secrets, int], Broker] = NatsServer,
    ) -> None:
        """Choose secrets and ports, or read those of last time. Nothing is started yet.

        Args:
            directory: where everything is kept; it is made if missing.
            settings: environment variables for all four services and for provisioning.
            durable: see `Postgres`.
            broker: makes what they talk over, from directory, secrets and port.

        Raises:
            Unusable: the directory cannot be used, or another Tocsin runs in it.
        """
        account = server_account()
        self.directory = make_directory(directory, passable=account is not None)
        require_open(self.directory, account)
        self._lock = _lock(self.directory)
        self.secrets = Secrets.of(self.directory)
        self.ports = ports.choose(self.directory)
        self.postgres = Postgres(
            self.directory, self.secrets, self.ports["postgres"], durable=durable
        )
        self.nats = broker(self.directory, self.secrets, self.ports["nats"])
        self._logs = make_directory(self.directory / "logs", passable=False)
        self.settings = settings or {}
        self._servers = Supervisor()
        self._services = Supervisor()
        self.services = {service: self._service(service) for service in SERVICES}
        self._provisioning = self._service(PROVISION)

    def url(self, service: str) -> str:
        """Where a service answers."""
        return f"http://{HOST}:{self.ports[service]}"

    def environment(self, service: str) -> dict[str, str]:
        """What a service of this machine is told."""
        return {
            "TOCSIN_HOST": HOST,
            "TOCSIN_PORT": str(self.ports[service]),
            "TOCSIN_METRICS_PORT": str(self.ports[f"{service}.metrics"]),
            "TOCSIN_DATABASE_URL": self.postgres.url(service),
            "TOCSIN_NATS_URL": self.nats.url,
            "TOCSIN_PORTAL_URL": self.url(BUYER_PORTAL_API),
            "TOCSIN_MIGRATE_AT_START": "1",
            **self.secrets.environment(service),
            **self._files(service),
            **self.settings,
        }

    def start(self) -> None:
        """Start everything and return once all services are ready.

        Raises:
            NotReady: a server or service did not start; the message says which and why.
            Unusable: the directory or the servers' programs cannot be used.
        """
        self._servers.add("nats", self.nats)
        self._provisioning.start()
        for service, process in self.services.items():  # they load while PostgreSQL starts
            self._services.add(service, process)
        self._servers.add("postgres", self.postgres)
        self._await_services()

    def provision(self) -> None:
        """Make streams and consumers anew, as after NATS has lost them."""
        self._provisioning.start()

    def kill(self, part: str) -> None:
        """End a service, `nats` or `postgres` at once, as a power cut would."""
        self._parts[part].kill()

    def is_up(self, part: str) -> bool:
        """Say whether a part's process runs; a service's `/readyz` says more."""
        return self._parts[part].running

    def tend(self) -> list[str]:
        """Look after everything once: start what has died, and name it."""
        return [*self._servers.tend(), *self._services.tend()]

    def watch(self, told: Callable[[str], None]) -> None:
        """Look after everything until this process is interrupted; tell what was started again."""
        while True:
            for part in self.tend():
                told(part)
            time.sleep(_REST)

    def stop(self) -> None:
        """Stop the services, then the servers; nothing is left running."""
        self._services.stop()
        self._provisioning.stop()
        self._servers.stop()
        os.close(self._lock)

    @property
    def _parts(self) -> dict[str, ServiceProcess | Broker | Postgres]:
        return {**self.services, "nats": self.nats, "postgres": self.postgres}

    def _await_services(self) -> None:
        deadline = time.monotonic() + _START_PATIENCE
        while missing := self._what_is_missing():
            if time.monotonic() > deadline:
                raise NotReady(
                    f"not ready after {_START_PATIENCE:.0f} seconds: {'; '.join(missing)}",
                    f"The logs are in {self._logs}.",
                )
            time.sleep(_LOOK)
            self.tend()

    def _what_is_missing(self) -> list[str]:
        missing: list[str] = []
        if (code := self._provisioning.exit_code) is None:
            missing.append("streams and consumers are being provisioned")
        elif code != 0:
            raise NotReady(
                f"provisioning failed: {self._provisioning.last_words()}",
                f"Its log is {self._provisioning.log}.",
            )
        for service, process in self.services.items():
            if self._services.deaths(service) >= _TRIES:
                raise NotReady(
                    f"{service} does not stay up: {process.last_words()}",
                    f"Its log is {process.log}.",
                )
            if waiting_for := client.waiting_for(self.url(service)):
                missing.append(f"{service}: {', '.join(waiting_for)}")
        return missing

    def _service(self, name: str) -> ServiceProcess:
        own = self._settings_of_provisioning() if name == PROVISION else self.environment(name)
        module = "tocsin_common.provision" if name == PROVISION else f"tocsin_{name}"
        return ServiceProcess(
            module,
            *([] if name == PROVISION else ["serve"]),
            log=self._logs / f"{name}.log",
            environment={**os.environ, **own},
        )

    def _files(self, service: str) -> dict[str, str]:
        if service != INTAKE:
            return {}
        folder = make_directory(self.directory / "attachments", passable=False)
        return {
            "TOCSIN_ATTACHMENTS_URL": folder.absolute().as_uri(),
            "TOCSIN_ERASURE_LEDGER": str((self.directory / "erasures.ledger").absolute()),
        }

    def _settings_of_provisioning(self) -> dict[str, str]:
        return {
            "TOCSIN_NATS_URL": self.nats.url,
            "TOCSIN_NATS_PASSWORD": self.secrets.nats_password(PROVISION),
            **self.settings,
        }


def _lock(directory: Path) -> int:
    """Hold the directory until this process ends.

    Raises:
        Unusable: another one holds it.
    """
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise Unusable(
            f"a Tocsin runs in {directory} already",
            "Use that one, stop it, or choose another --data-dir.",
        ) from None
    return lock


def is_running(directory: Path) -> bool:
    """Say whether a Tocsin runs in a directory."""
    try:
        os.close(_lock(directory))
    except Unusable:
        return True
    except OSError:
        return False
    return False
