"""Documented ports if they are free, and the same ones ever after."""

import socket
from collections.abc import Generator
from pathlib import Path

import pytest

from tocsin_cli import ports
from tocsin_cli.embedded.ports import free_port
from tocsin_cli.errors import Unusable


@pytest.fixture
def documented(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Stand-ins for the documented ports, so that a Tocsin on this machine does not matter."""
    chosen = {"intake": free_port(), "postgres": free_port()}
    monkeypatch.setattr(ports, "DOCUMENTED", chosen)
    monkeypatch.setattr(ports, "PATIENCE", 0.1)
    return chosen


@pytest.fixture
def occupier(documented: dict[str, int]) -> Generator[socket.socket]:
    """Somebody who listens on intake's documented port."""
    with socket.create_server(("127.0.0.1", documented["intake"])) as server:
        yield server


def test_free_documented_ports_are_used_and_remembered(
    tmp_path: Path, documented: dict[str, int]
) -> None:
    assert ports.choose(tmp_path) == documented
    assert ports.remembered(tmp_path) == documented


def test_a_taken_one_gives_way_to_a_free_one_and_stays_so(
    tmp_path: Path, documented: dict[str, int], occupier: socket.socket
) -> None:
    chosen = ports.choose(tmp_path)
    occupier.close()

    assert chosen["intake"] != documented["intake"]
    assert chosen["postgres"] == documented["postgres"]
    assert ports.choose(tmp_path) == chosen


def test_where_nothing_ran_nothing_is_remembered(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="there is no Tocsin in"):
        ports.remembered(tmp_path)
