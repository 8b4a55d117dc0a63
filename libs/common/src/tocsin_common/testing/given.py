"""A PostgreSQL and a NATS that somebody else runs, for tests: their databases are emptied.

`TOCSIN_TEST_POSTGRES_URL` is where its superuser connects, `TOCSIN_TEST_NATS_URL` a server with
the users of `tocsin_contracts.permissions`, `TOCSIN_TEST_SECRETS` the folder of their passwords.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tocsin_cli.embedded import psql
from tocsin_cli.embedded.account import server_account
from tocsin_cli.embedded.binaries import postgres_programs
from tocsin_cli.embedded.postgres import database_of, databases
from tocsin_cli.secrets import Secrets
from tocsin_common.testing.servers import Servers


class _NotOurs:
    """A server that goes on running whatever a test would like."""

    def kill(self) -> None:
        pytest.skip("the given servers are not ours to kill")

    def start(self) -> None:
        """It runs."""


class GivenPostgres(_NotOurs):
    """A PostgreSQL; what is missing of its databases and roles is made."""

    def __init__(self, admin_url: str, secrets: Secrets) -> None:
        self.admin_url = admin_url
        self._secrets = secrets
        psql.run(postgres_programs(server_account()) / "psql", admin_url, databases(secrets))

    def url(self, service: str) -> str:
        name, password = database_of(service), self._secrets.database_password(service)
        at = urlsplit(self.admin_url)
        return urlunsplit(
            at._replace(netloc=f"{name}:{password}@{at.hostname}:{at.port}", path=f"/{name}")
        )


class GivenNats(_NotOurs):
    """A NATS server."""

    def __init__(self, url: str) -> None:
        self.url = url


@contextmanager
def given() -> Generator[Servers]:
    """The servers that the environment names."""
    secrets = Secrets.read(Path(os.environ["TOCSIN_TEST_SECRETS"]))
    yield Servers(
        GivenPostgres(os.environ["TOCSIN_TEST_POSTGRES_URL"], secrets),
        GivenNats(os.environ["TOCSIN_TEST_NATS_URL"]),
        secrets,
    )
