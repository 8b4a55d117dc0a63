"""The `tocsin` command as a shell runs it, in a directory of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "tocsin_cli"]


@contextmanager
def new_directory() -> Generator[Path]:
    """A directory that the servers can reach, also as root; it goes away with the block."""
    directory = Path(tempfile.mkdtemp(prefix="tocsin-test-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def environment(**chosen: str) -> dict[str, str]:
    """What a shell without settings of Tocsin's own would pass on, and what is chosen."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")
    }
    return inherited | chosen


def tocsin(
    *arguments: str, patience: float = 60, **chosen: str
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(**chosen),
        capture_output=True,
        text=True,
        timeout=patience,
        check=False,
    )


def last_object(text: str) -> Any:
    """The JSON on the last line of what a command printed."""
    return json.loads(text.splitlines()[-1])


def working_in(directory: Path) -> list[str]:
    """Processes that work in a directory, or in one that is gone from there; Linux only."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            place = str((process / "cwd").readlink())
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has just ended
            continue
        if f"{directory}/" in f"{place}/" or str(directory) in command:
            found.append(f"{process.name}: {command}")
    return found
