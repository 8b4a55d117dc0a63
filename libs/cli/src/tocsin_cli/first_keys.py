"""The first hotline, officer and buyer of an installation: registered once, their keys kept.

The keys lie in one closed file in the data directory. Remove what you do not use; operators
register others by each service's `/v1/admin`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin_cli.errors import Unusable
from tocsin_cli.files import write_private
from tocsin_cli.installation import Installation
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE

FILE = "keys.json"


@dataclass(frozen=True)
class Newcomer:
    """Somebody an operator registers, and is given a key for."""

    service: str
    path: str
    about: dict[str, Any]


NEWCOMERS = {
    "hotline": Newcomer(INTAKE, "/v1/admin/integrations", {"name": "First hotline"}),
    "officer": Newcomer(CASES, "/v1/admin/officers", {"name": "First officer"}),
    "buyer": Newcomer(BUYER_PORTAL_API, "/v1/admin/buyers", {"name": "First buyer"}),
}


def of(directory: Path) -> dict[str, str]:
    """Return the first keys of a running installation, registering whoever has none yet."""
    keys = _read(directory)
    installation = Installation(directory)
    for who, newcomer in NEWCOMERS.items():
        if who not in keys:
            operator = installation.operator(newcomer.service)
            keys[who] = operator.post(newcomer.path, newcomer.about)["key"]
            write_private(directory / FILE, json.dumps(keys, indent=2) + "\n")
    return keys


def hotline(directory: Path) -> str:
    """Return the first hotline's key.

    Raises:
        Unusable: none is kept here.
    """
    return _key(directory, "hotline")


def buyer(directory: Path) -> str:
    """Return the first buyer's key.

    Raises:
        Unusable: none is kept here.
    """
    return _key(directory, "buyer")


def _key(directory: Path, who: str) -> str:
    if key := _read(directory).get(who):
        return key
    raise Unusable(
        f"no {who}'s key is known here",
        f"Name one with --key; `tocsin up` registers a first {who} and shows its key.",
    )


def _read(directory: Path) -> dict[str, str]:
    try:
        return json.loads((directory / FILE).read_text())
    except FileNotFoundError:
        return {}
    except PermissionError:
        raise Unusable(
            f"{directory / FILE} may not be read", "Run tocsin as the user who started it."
        ) from None
    except ValueError:
        raise Unusable(
            f"{directory / FILE} is damaged", "Remove it; the first keys will be made anew."
        ) from None
