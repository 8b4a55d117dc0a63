"""One Tocsin in a data directory, and what it tells each of its services."""

from pathlib import Path

import pytest

from tocsin_cli import ports
from tocsin_cli.embedded.ports import free_port
from tocsin_cli.errors import Unusable
from tocsin_cli.stack import Stack, is_running


@pytest.fixture(autouse=True)
def free_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here depends on which ports another Tocsin on this machine has."""
    monkeypatch.setattr(ports, "DOCUMENTED", {part: free_port() for part in ports.DOCUMENTED})


def test_a_second_one_in_the_same_directory_is_refused(root: Path) -> None:
    assert not is_running(root)
    first = Stack(root)

    with pytest.raises(Unusable, match=f"a Tocsin runs in {root.resolve()} already"):
        Stack(root)

    assert is_running(root)
    first.stop()
    assert not is_running(root)


def test_it_keeps_secrets_and_addresses(root: Path) -> None:
    first = Stack(root)
    first.stop()

    again = Stack(root)
    again.stop()

    for service in again.services:
        assert again.url(service) == first.url(service)
        assert again.postgres.url(service) == first.postgres.url(service)
        assert again.secrets.environment(service) == first.secrets.environment(service)
