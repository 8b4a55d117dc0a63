"""Which port each part listens on: the documented one if it is free, remembered ever after."""

import json
from pathlib import Path

from tocsin_cli.embedded.ports import becomes_free, free_port, is_free
from tocsin_cli.errors import Unusable
from tocsin_cli.files import write_private
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE, NOTIFICATIONS

FILE = "ports.json"
DOCUMENTED = {
    INTAKE: 8401,
    CASES: 8402,
    NOTIFICATIONS: 8403,
    BUYER_PORTAL_API: 8404,
    f"{INTAKE}.metrics": 8411,
    f"{CASES}.metrics": 8412,
    f"{NOTIFICATIONS}.metrics": 8413,
    f"{BUYER_PORTAL_API}.metrics": 8414,
    "nats": 8422,
    "postgres": 8432,
}
PATIENCE = 5.0  # seconds for our own last run to leave a port


def choose(directory: Path) -> dict[str, int]:
    """Return a free port for each part, the same as last time if at all possible."""
    kept = _read(directory) or {}
    chosen = {part: _port(kept.get(part), usual) for part, usual in DOCUMENTED.items()}
    if chosen != kept:
        write_private(directory / FILE, json.dumps(chosen, indent=2) + "\n")
    return chosen


def remembered(directory: Path) -> dict[str, int]:
    """Return the ports of the last run.

    Raises:
        Unusable: there was none.
    """
    if kept := _read(directory):
        return kept
    raise Unusable(
        f"there is no Tocsin in {directory}",
        "Start one with `tocsin up`, or name its directory with --data-dir.",
    )


def _port(kept: int | None, usual: int) -> int:
    if kept and becomes_free(kept, PATIENCE):
        return kept
    return usual if is_free(usual) else free_port()


def _read(directory: Path) -> dict[str, int] | None:
    try:
        return json.loads((directory / FILE).read_text())
    except FileNotFoundError:
        return None
    except PermissionError:
        raise Unusable(
            f"{directory} may not be read", "Run tocsin as the user who started it."
        ) from None
    except ValueError:
        raise Unusable(
            f"{directory / FILE} is damaged", "Remove it; it will be made anew."
        ) from None
