"""`tocsin doctor`: what is wrong on this machine, and how to put it right."""

import typer

from tocsin_cli import checks, output
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, Json


def doctor(data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Check programs, data directory, servers and services. Ends with 1 if something is wrong."""
    found = checks.all_of(data_dir)
    if json:
        output.show_json([vars(one) for one in found])
    else:
        output.show_rows(
            ("", "what", "found", "do"),
            [("ok" if one.ok else "✗", one.what, one.found, one.remedy) for one in found],
        )
    if not all(one.ok for one in found):
        raise typer.Exit(1)
