"""The embedded nats-server: synced, closed, and hard to keep down."""

import json
import socket
from pathlib import Path
from stat import S_IMODE

import pytest

from tocsin_cli.embedded import NatsServer
from tocsin_cli.secrets import Secrets
from tocsin_contracts.permissions import USERS


def greet(server: NatsServer, user: str, password: str) -> str:
    """Log in as a client does; return the server's answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        lines = client.makefile("rw", newline="\r\n")
        lines.readline()
        login = json.dumps({"user": user, "pass": password, "verbose": False})
        lines.write(f"CONNECT {login}\r\nPING\r\n")
        lines.flush()
        return lines.readline().strip()


@pytest.mark.parametrize("user", USERS)
def test_each_user_enters_with_its_own_password_only(
    nats: NatsServer, secrets: Secrets, user: str
) -> None:
    assert greet(nats, user, secrets.nats_password(user)) == "PONG"

    for other in USERS:
        if other != user:
            answer = greet(nats, user, secrets.nats_password(other))
            assert answer == "-ERR 'Authorization Violation'"


def test_it_comes_back_on_the_same_port_after_a_power_cut(
    nats: NatsServer, secrets: Secrets
) -> None:
    url = nats.url

    for _ in range(3):
        nats.kill()
        assert not nats.running
        nats.start()

    assert nats.url == url
    assert greet(nats, "cases", secrets.nats_password("cases")) == "PONG"


def test_its_configuration_is_closed_and_syncs_always(nats: NatsServer, root: Path) -> None:
    config = root / "nats.conf"

    assert S_IMODE(config.stat().st_mode) == 0o600
    assert "sync_interval: always" in config.read_text()
    assert f"Using configuration file: {config.resolve()}" in nats.log.read_text()
