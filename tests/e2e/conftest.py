"""One Tocsin that an operator started, for the tests of a file."""

import json
import signal
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.support.shell import COMMAND, environment, new_directory, working_in


@pytest.fixture(scope="module")
def place() -> Generator[Path]:
    """The data directory."""
    with new_directory() as directory:
        yield directory / "data"


@pytest.fixture(scope="module")
def running(place: Path) -> Generator[Any]:
    """What `tocsin up --json` tells once everything runs."""
    up = subprocess.Popen(
        [*COMMAND, "up", "--json", f"--data-dir={place}"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert up.stdout
    yield json.loads(up.stdout.readline())
    up.send_signal(signal.SIGTERM)
    assert up.wait(30) == 0
    up.stdout.close()
    assert working_in(place) == []
