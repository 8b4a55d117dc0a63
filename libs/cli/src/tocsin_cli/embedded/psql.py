"""Running SQL through PostgreSQL's own command, which needs no driver and no event loop."""

import subprocess
from pathlib import Path
from urllib.parse import urlsplit


class SqlFailed(Exception):
    """PostgreSQL refused a script, or the connection."""


def run(program: Path, url: str, script: str) -> str:
    """Run a script; return what it prints: unaligned rows, nothing else.

    Neither the script nor the password shows in the list of processes.

    Raises:
        SqlFailed: with PostgreSQL's words.
    """
    parts = urlsplit(url)
    done = subprocess.run(  # noqa: S603
        [str(program), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"],
        input=script,
        env={
            "PATH": "/usr/bin:/bin",
            "PGHOST": parts.hostname or "",
            "PGPORT": str(parts.port),
            "PGUSER": parts.username or "",
            "PGPASSWORD": parts.password or "",
            "PGDATABASE": parts.path.removeprefix("/"),
            "PGCONNECT_TIMEOUT": "10",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        raise SqlFailed(done.stderr.strip())
    return done.stdout.strip()
