"""The options that mean the same in every command."""

from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

import typer

as_json: ContextVar[bool] = ContextVar("as_json", default=False)
"""Whether this run was asked for JSON; its errors are told likewise."""


def _remember(value: bool) -> bool:
    as_json.set(value)
    return value


Json = Annotated[
    bool, typer.Option("--json", callback=_remember, is_eager=True, help="Print JSON.")
]
DataDir = Annotated[
    Path,
    typer.Option(
        "--data-dir", envvar="TOCSIN_DATA_DIR", help="Where everything on this machine is kept."
    ),
]
DEFAULT_DATA_DIR = Path(".tocsin")
HotlineKey = Annotated[
    str | None,
    typer.Option(
        "--key",
        envvar="TOCSIN_HOTLINE_KEY",
        help="The hotline's key; left out: that of the first hotline on this machine.",
    ),
]
BuyerKey = Annotated[
    str | None,
    typer.Option(
        "--key",
        envvar="TOCSIN_BUYER_KEY",
        help="The buyer's key; left out: that of the first buyer on this machine.",
    ),
]
