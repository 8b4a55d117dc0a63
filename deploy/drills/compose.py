"""Tocsin as `docker-compose.yml` runs it, on ports and with secrets of its own."""

import json
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from tests.support.clients import Caller
from tests.support.tocsin import PATIENCE, Tocsin

from tocsin_cli.embedded.ports import free_port
from tocsin_cli.secrets import Secrets
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_contracts.streams import SERVICES

ROOT = Path(__file__).parents[2]
FILES = ("docker-compose.yml", "deploy/nats/tls.yml", "deploy/drills/drill.yml")
PROJECT = "tocsin-drill"
STARTED = 600  # seconds within which all containers must be healthy


def container(service: str) -> str:
    """The name a service has among containers."""
    return service.replace("_", "-")


class Compose:
    """`docker compose`, for one project."""

    def __init__(
        self, secrets: Path, *, project: str = PROJECT, files: Sequence[str] = FILES
    ) -> None:
        self.project = project
        self.ports = {service: free_port() for service in SERVICES}
        self.environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": project,
            "COMPOSE_FILE": ":".join(files),
            "COMPOSE_PROFILES": "mail",
            "TOCSIN_SECRETS": str(secrets),
            **{f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()},
            "MAILPIT_PORT": str(free_port()),
        }

    def run(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        folder: Path = ROOT,
    ) -> bytes:
        """Run a command that must succeed; return what it prints.

        Args:
            arguments: the command's.
            environment: what differs from the project's.
            folder: where its files lie.

        Raises:
            AssertionError: it failed; tells what it said.
        """
        done = subprocess.run(
            ["docker", "compose", *arguments],
            cwd=folder,
            env={**self.environment, **(environment or {})},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr.decode()[-3000:]}"
        return done.stdout

    def run_script(self, script: str, *arguments: str) -> None:
        """Run one of the operator's scripts, which must succeed."""
        done = subprocess.run(
            [ROOT / script, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def start(self, *containers: str) -> None:
        """Start containers, all by default, and return when they are healthy.

        Raises:
            AssertionError: they are not; tells what each service said last.
        """
        words = ("up", "-d", "--no-build", "--wait", "--wait-timeout", str(STARTED), *containers)
        try:
            self.run(*words)
        except AssertionError as error:
            said = self.run("logs", "--tail", "5", *map(container, SERVICES)).decode()
            raise AssertionError(f"{error}\n{said}") from None

    def inspect(self, name: str) -> Any:
        """What Docker knows of a container."""
        return docker("inspect", f"{self.project}-{name}-1")[0]

    def logs(self, name: str) -> str:
        """All that a container has said."""
        said = subprocess.run(
            ["docker", "logs", f"{self.project}-{name}-1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
        )
        return said.stdout.decode()

    def containers(self) -> list[str]:
        """The containers that exist."""
        return self.run("ps", "-a", "--format", "{{.Service}}").decode().split()

    def psql(self, database: str, statement: str) -> str:
        """Run one statement as the superuser; return what it prints."""
        words = ("exec", "-T", "postgres", "psql", "-XAtq", "-U", "postgres", "-d", database)
        return self.run(*words, "-c", statement).decode().strip()


def docker(*arguments: str) -> Any:
    """Run a docker command that prints JSON."""
    return json.loads(
        subprocess.run(["docker", *arguments], capture_output=True, check=True).stdout
    )


class ComposedTocsin(Tocsin):
    """The same Tocsin that other tests know, in containers."""

    def __init__(self, compose: Compose, secrets: Secrets, http: dict[str, Client]) -> None:
        self.compose = compose
        self.secrets = secrets
        self.http = http

    def operator(self, service: str) -> Caller:
        return Caller(self.http[service], self.secrets.admin_key(service))

    def kill(self, part: str) -> None:
        """End a container's process from outside, so that Docker sees a crash and restarts it."""
        os.kill(self.compose.inspect(container(part))["State"]["Pid"], signal.SIGKILL)

    def restarts(self, part: str) -> int:
        """How often Docker has started a part again."""
        return self.compose.inspect(container(part))["RestartCount"]

    @property
    def host(self) -> str:
        """This machine's address as containers see it."""
        return docker("network", "inspect", f"{self.compose.project}_outside")[0]["IPAM"]["Config"][
            0
        ]["Gateway"]

    async def quiet(self) -> None:
        await eventually(self._nothing_waits, within=PATIENCE)

    def _nothing_waits(self) -> bool:
        waiting = (self.compose.psql(f"tocsin_{name}", _WAITING) for name in SERVICES)
        return all(count == "0" for count in waiting) and not any(self._unsettled())

    def _unsettled(self) -> Sequence[int]:
        asked = "http://127.0.0.1:8222/jsz?accounts=1&streams=1&consumers=1"
        said = json.loads(self.compose.run("exec", "-T", "nats", "wget", "-qO-", asked))
        return [
            consumer["num_pending"] + consumer["num_ack_pending"]
            for account in said["account_details"]
            for stream in account.get("stream_detail", ())
            for consumer in stream.get("consumer_detail", ())
        ]


_WAITING = "select count(*) from outbox"


@asynccontextmanager
async def connected(compose: Compose, secrets: Secrets) -> AsyncGenerator[ComposedTocsin]:
    """Clients for the services' published ports."""
    async with AsyncExitStack() as connections:
        http: dict[str, Client] = {}
        for service, port in compose.ports.items():
            url = f"http://127.0.0.1:{port}"
            session = aiohttp.ClientSession(
                url,
                connector=aiohttp.TCPConnector(force_close=True),  # containers die in between
                timeout=aiohttp.ClientTimeout(total=30),
            )
            http[service] = Client(url, await connections.enter_async_context(session))
        yield ComposedTocsin(compose, secrets, http)
