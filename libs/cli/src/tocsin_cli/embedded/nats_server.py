"""nats-server with JetStream on 127.0.0.1, and a user with exact permissions for each service."""

import os
import socket
from pathlib import Path

from tocsin_cli.embedded.account import server_account
from tocsin_cli.embedded.binaries import nats_program
from tocsin_cli.embedded.child import Child, Program
from tocsin_cli.embedded.ports import free_port
from tocsin_cli.embedded.starting import require_open, start_patiently
from tocsin_cli.files import make_directory, write_private
from tocsin_cli.secrets import Secrets
from tocsin_contracts.permissions import USERS, server_config

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "TZ": "UTC"}

# What nats-server says while its predecessor, killed a moment ago, is not quite gone.
_PASSING = ("address already in use",)


class NatsServer(Program):
    """A real nats-server, keeping its streams in `root/nats` and its log in `root/logs`.

    It dies with the process that starts it. Every acknowledged event is on disk. Starting it again
    on the same data works whatever ended it.
    """

    def __init__(self, root: Path, secrets: Secrets, port: int | None = None) -> None:
        super().__init__(root / "logs" / "nats.log")
        self.port = port or free_port()
        self._root = root
        self._secrets = secrets
        self._account = server_account()

    def start(self) -> None:
        """Start the server.

        Raises:
            NotReady: it did not start.
            Unusable: the directory or the program cannot be used.
        """
        if self.running:
            return
        self._root = make_directory(self._root, passable=self._account is not None)
        self.log = make_directory(self._root / "logs", passable=False) / "nats.log"
        require_open(self._root, self._account)
        self._program = nats_program(self._account)
        self._write_config()
        self._child = start_patiently(
            "nats-server", self._spawn, self._is_ready, log=self.log, passing=_PASSING
        )

    @property
    def url(self) -> str:
        """Where clients connect, as their user and with their password."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def _config(self) -> Path:
        return self._root / "nats.conf"

    def _write_config(self) -> None:
        store = self._root / "nats"
        store.mkdir(mode=0o700, exist_ok=True)
        uid, gid = (self._account.uid, self._account.gid) if self._account else (-1, -1)
        os.chown(store, uid, gid)
        passwords = {user: self._secrets.nats_password(user) for user in USERS}
        config = server_config(passwords, store_dir=str(store), port=self.port)
        write_private(self._config, config, uid=uid, gid=gid)

    def _spawn(self) -> Child:
        return Child(
            [str(self._program), "--config", str(self._config)],
            log=self.log,
            environment=_ENVIRONMENT,
            directory=self._root,
            account=self._account,
        )

    def _is_ready(self, child: Child) -> bool:
        """Say whether it greets clients; that it does so only after JetStream is up."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                return client.recv(4) == b"INFO" and child.running
        except OSError:
            return False
