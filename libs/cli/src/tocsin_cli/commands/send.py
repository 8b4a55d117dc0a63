"""`tocsin send`: hand in a complaint as a hotline does."""

import json as json_format
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin_cli import first_keys, output
from tocsin_cli.client import Client
from tocsin_cli.errors import Unusable
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, HotlineKey, Json
from tocsin_contracts.streams import INTAKE


def send(
    complaint: Annotated[
        Path,
        typer.Argument(
            help="A file with the complaint as JSON; `-` reads standard input. Words belong in a "
            "file: what is typed on a command line stays in the shell's history."
        ),
    ],
    key: HotlineKey = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """File a complaint; print its receipt."""
    words = _read(complaint)
    shown = key or first_keys.hotline(data_dir)
    receipt = Client(INTAKE, Installation(data_dir).url(INTAKE), shown).post(
        "/v1/complaints", words
    )
    if json:
        output.show_json(receipt)
    else:
        output.show_fields(receipt)


def _read(complaint: Path) -> Any:
    try:
        text = sys.stdin.read() if str(complaint) == "-" else complaint.read_text()
    except OSError as error:
        raise Unusable(f"{complaint} cannot be read: {error.strerror}", "Name a file.") from None
    try:
        return json_format.loads(text)
    except ValueError as error:
        where = f"line {error.lineno}" if isinstance(error, json_format.JSONDecodeError) else ""
        raise Unusable(f"{complaint} is not JSON: {where}", "Correct it.") from None
