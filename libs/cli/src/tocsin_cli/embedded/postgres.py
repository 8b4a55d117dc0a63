"""PostgreSQL 18 on 127.0.0.1, with a database and a role for each service."""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

from tocsin_cli.embedded import psql
from tocsin_cli.embedded.account import server_account
from tocsin_cli.embedded.binaries import postgres_programs
from tocsin_cli.embedded.child import Child, Program
from tocsin_cli.embedded.ports import free_port
from tocsin_cli.embedded.starting import require_open, start_patiently
from tocsin_cli.errors import NotReady, Unusable
from tocsin_cli.files import make_directory, write_private
from tocsin_cli.secrets import Secrets
from tocsin_contracts.streams import SERVICES

SUPERUSER = "postgres"

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # An error's text may quote a value. Statements, details and errors stay out of the log;
    # starts, stops, crashes and refused connections stay in (protection V6).
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_messages": "log",
    # Segments of its log that are not needed are removed, so that what was erased is (V5).
    "wal_recycle": "off",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_FAST = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off"}

# Text is sorted by code point and letters are Unicode's, the same on every system and for ever.
_NEW = (
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
_INITDB_PATIENCE = 120.0
PREDECESSOR_PATIENCE = 15.0

# What PostgreSQL says while its predecessor, killed a moment ago, is not quite gone.
_PASSING = ("Address already in use", "pre-existing shared memory block", "postmaster.pid")

_CREATE = """
\\set name {name}
\\set password {password}
select format('create role %I login password %L', :'name', :'password')
where not exists (select from pg_roles where rolname = :'name') \\gexec
select format('create database %I owner %I', :'name', :'name')
where not exists (select from pg_database where datname = :'name') \\gexec
revoke connect, temporary on database :"name" from public;
"""
# Intake lets go of the log of what it has erased (protection V5).
_CHECKPOINTS = "grant pg_checkpoint to tocsin_intake;"
_CLOSE_THE_REST = "revoke connect, temporary on database postgres, template1 from public;"


def database_of(service: str) -> str:
    """The name of a service's database, and of the one role that may connect to it."""
    return f"tocsin_{service}"


def databases(secrets: Secrets) -> str:
    """SQL that makes what is missing of a database and a role for each service."""
    script = [_CLOSE_THE_REST]
    for service in SERVICES:
        password = secrets.database_password(service)
        script.append(_CREATE.format(name=database_of(service), password=password))
    return "".join([*script, _CHECKPOINTS])


class Postgres(Program):
    """A real PostgreSQL, keeping its data in `root/postgres` and its log in `root/logs`.

    It dies with the process that starts it. Starting it again on the same data works whatever
    ended it. `durable=False` is for fast tests: commits survive a kill, but no power cut.
    """

    def __init__(
        self, root: Path, secrets: Secrets, port: int | None = None, *, durable: bool = True
    ) -> None:
        super().__init__(root / "logs" / "postgres.log")
        self.port = port or free_port()
        self._root = root
        self._secrets = secrets
        self._durable = durable
        self._account = server_account()

    def start(self) -> None:
        """Start the server, on new data if there are none, and make what is missing in it.

        Raises:
            NotReady: it did not start.
            Unusable: the directory or the programs cannot be used, or another one runs here.
        """
        if self.running:
            return
        self._root = make_directory(self._root, passable=self._account is not None)
        self.log = make_directory(self._root / "logs", passable=False) / "postgres.log"
        require_open(self._root, self._account)
        self._programs = postgres_programs(self._account)
        if not self._data.exists():
            self._create_data()
        self._await_predecessor()
        self._child = start_patiently(
            "PostgreSQL", self._spawn, self._is_ready, log=self.log, passing=_PASSING
        )
        self._create_databases()

    def url(self, service: str) -> str:
        """Where a service finds its database."""
        name = database_of(service)
        return self._url(name, self._secrets.database_password(service), name)

    @property
    def admin_url(self) -> str:
        """Where the superuser connects."""
        return self._url(SUPERUSER, self._secrets.postgres_password, "postgres")

    def run(self, script: str) -> str:
        """Run SQL as the superuser; return what it prints, unaligned."""
        return psql.run(self._programs / "psql", self.admin_url, script)

    @property
    def _data(self) -> Path:
        return self._root / "postgres"

    def _url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def _create_data(self) -> None:
        """Make the data aside and move them into place when they are whole."""
        new = self._root / "postgres.new"
        shutil.rmtree(new, ignore_errors=True)  # of one that was interrupted
        new.mkdir(mode=0o700)
        uid, gid = (self._account.uid, self._account.gid) if self._account else (-1, -1)
        os.chown(new, uid, gid)
        password = self._root / ".postgres-password"
        write_private(password, self._secrets.postgres_password, uid=uid, gid=gid)
        arguments = [f"--pgdata={new}", f"--username={SUPERUSER}", f"--pwfile={password}"]
        try:
            child = self._child_of("initdb", *arguments, *_NEW, *([] if self._durable else ["-N"]))
            if child.wait(_INITDB_PATIENCE) != 0:
                child.kill()
                raise NotReady("PostgreSQL could not create its data", f"Its log is {self.log}.")
        finally:
            password.unlink()
        new.rename(self._data)

    def _await_predecessor(self) -> None:
        """Wait for a server that is still on its way out, and remove what a dead one left.

        A dead server's number may by now be another process's, or a zombie's; PostgreSQL would
        take either for itself. A live one works in its data directory.
        """
        note = self._data / "postmaster.pid"
        if sys.platform != "linux" or not note.exists():
            return
        pid = note.read_text().split("\n", 1)[0].strip()
        deadline = time.monotonic() + PREDECESSOR_PATIENCE
        while _works_in(pid, self._data):
            if time.monotonic() > deadline:
                raise Unusable(
                    f"another PostgreSQL (process {pid}) runs on {self._data}",
                    "Stop the tocsin that started it, or choose another --data-dir.",
                )
            time.sleep(0.05)
        note.unlink(missing_ok=True)

    def _spawn(self) -> Child:
        settings = _SETTINGS | (_DURABLE if self._durable else _FAST) | {"port": str(self.port)}
        chosen = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._child_of("postgres", "-D", str(self._data), *chosen)

    def _child_of(self, program: str, *arguments: str) -> Child:
        return Child(
            [str(self._programs / program), *arguments],
            log=self.log,
            environment=_ENVIRONMENT,
            directory=self._root,
            account=self._account,
            stop_signal=signal.SIGINT,  # PostgreSQL's "fast shutdown"
        )

    def _is_ready(self, child: Child) -> bool:
        """Read the server's own note: its number on the first line, its state on the eighth."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(child.pid) and lines[7].strip() == "ready"

    def _create_databases(self) -> None:
        self.run(databases(self._secrets))


def _works_in(pid: str, directory: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == directory
    except OSError:  # gone, a zombie, or another user's
        return False
