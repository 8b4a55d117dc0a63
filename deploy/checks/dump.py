"""A service's database, backed up and restored with PostgreSQL's own programs."""

import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tocsin_cli.embedded import psql
from tocsin_cli.embedded.binaries import postgres_programs
from tocsin_cli.embedded.postgres import database_of
from tocsin_common.testing.servers import Servers

PROGRAMS = postgres_programs(None)


class Dump:
    """One backup of one database."""

    def __init__(self, servers: Servers, service: str, file: Path) -> None:
        self._admin = servers.postgres.admin_url
        self._name = database_of(service)
        self._file = file

    def make(self) -> None:
        self._run("pg_dump", "--format=custom", f"--file={self._file}", f"--dbname={self._url}")

    def restore(self) -> None:
        """Put it in the place of what is there."""
        name = self._name
        psql.run(
            PROGRAMS / "psql",
            self._admin,
            f"drop database {name} with (force);\ncreate database {name} owner {name};",
        )
        self._run("pg_restore", "--exit-on-error", f"--dbname={self._url}", str(self._file))

    def rows(self, table: str) -> str:
        """How many rows a table has."""
        counted = f"select count(*) from {table}"  # noqa: S608 - a test names it
        return psql.run(PROGRAMS / "psql", self._url, counted)

    @property
    def _url(self) -> str:
        return urlunsplit(urlsplit(self._admin)._replace(path=f"/{self._name}"))

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([PROGRAMS / program, *arguments], check=True, capture_output=True)
