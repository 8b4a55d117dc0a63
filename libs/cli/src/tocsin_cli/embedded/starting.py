"""Starting a server and waiting for it: again if its predecessor is still on its way out."""

import time
from collections.abc import Callable
from pathlib import Path

from tocsin_cli.embedded.account import Account
from tocsin_cli.embedded.child import Child
from tocsin_cli.errors import NotReady, Unusable

_LOOK = 0.01  # seconds between looks; a restart takes about 50 ms
_PAUSE = 0.2  # seconds before another try


def start_patiently(
    name: str,
    spawn: Callable[[], Child],
    ready: Callable[[Child], bool],
    *,
    log: Path,
    passing: tuple[str, ...],
    patience: float = 20.0,
) -> Child:
    """Start a server and return it once it is ready.

    Args:
        name: what to call it in errors.
        spawn: starts it.
        ready: says whether it takes connections.
        log: where it writes.
        passing: words in its log that mean "not yet", such as a port still in use.
        patience: seconds after which it is an error.

    Raises:
        NotReady: it ended for another reason, or was not ready in time.
    """
    deadline = time.monotonic() + patience
    while True:
        start_of_log = log.stat().st_size if log.exists() else 0
        child = spawn()
        while child.running and time.monotonic() < deadline:
            if ready(child):
                return child
            time.sleep(_LOOK)
        child.stop()
        said = _last_words(log, start_of_log)
        if time.monotonic() >= deadline or not any(word in said for word in passing):
            raise NotReady(
                f"{name} did not start: {said or 'it said nothing'}", f"Its log is {log}."
            )
        time.sleep(_PAUSE)


def require_open(directory: Path, account: Account | None) -> None:
    """Check that the account the servers run as can get to a directory inside this one.

    Raises:
        Unusable: a directory on the way is closed to it.
    """
    if account and (door := account.closed_door(directory / "inside")):
        raise Unusable(
            f"{directory} cannot be used: as root, Tocsin runs its servers as {account.name!r}, "
            f"who may not enter {door}",
            f"Choose a directory outside {door} (--data-dir /var/lib/tocsin), "
            f"open it (chmod o+x {door}), or run tocsin as an ordinary user.",
        )


def _last_words(log: Path, start: int) -> str:
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    return "; ".join(line.strip() for line in lines[-4:])
