"""`tocsin integrations import`: complaints from a table, with a report of every row refused."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from tocsin_cli import first_keys, output
from tocsin_cli.client import Client
from tocsin_cli.errors import NotReady, TocsinError, Unusable
from tocsin_cli.files import write_private
from tocsin_cli.installation import Installation
from tocsin_cli.options import DEFAULT_DATA_DIR, DataDir, HotlineKey, Json
from tocsin_contracts.streams import INTAKE

PATH = "/v1/complaints/import"


class RowsRefused(TocsinError):
    """Some rows were not taken. Exit code 1."""


def import_file(
    table: Annotated[Path, typer.Argument(help="A CSV or XLSX file; its first row names columns.")],
    key: HotlineKey = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would come of it.")
    ] = False,
    receipts: Annotated[
        Path | None,
        typer.Option(
            help="Write each new row's receipt into this CSV file, to be passed on to the workers "
            "and then deleted."
        ),
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Import complaints; report every row refused by number, field and reason.

    The file may be sent again: what it brought before is not brought twice.
    """
    try:
        content = table.read_bytes()
    except OSError as error:
        raise Unusable(f"{table} cannot be read: {error.strerror}", "Name a file.") from None
    shown = key or first_keys.hotline(data_dir)
    intake = Client(INTAKE, Installation(data_dir).url(INTAKE), shown)
    last, refused, given = _follow(intake, content, dry_run=dry_run, receipts=receipts is not None)
    if receipts:
        lines = ["row,receipt", *(f"{one['row']},{one['receipt']}" for one in given)]
        write_private(receipts, "\n".join(lines) + "\n")
    if json:
        output.show_json({**last, "refused": refused})
    else:
        _report(last, refused, dry_run=dry_run)
    if not last.get("finished"):
        raise NotReady("the import ended early", "Send the same file again; nothing comes twice.")
    if refused:
        rows = len({one["row"] for one in refused})
        raise RowsRefused(f"{rows} rows were refused", "Correct them and send the file again.")


def _follow(
    intake: Client, content: bytes, *, dry_run: bool, receipts: bool
) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """Return the last step, all that was refused, and all receipts."""
    last: dict[str, Any] = {}
    refused: list[Any] = []
    given: list[Any] = []
    asked = f"dry_run={str(dry_run).lower()}&receipts={str(receipts).lower()}"
    bar = Progress(
        TextColumn("rows"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True)
    )
    with bar:
        task = bar.add_task("rows", total=None)
        for step in intake.steps(f"{PATH}?{asked}", content):
            last = step
            refused += step["refused"]
            given += step["receipts"]
            bar.update(task, total=step["rows"], completed=step["done"])
    kept = {name: value for name, value in last.items() if name not in ("refused", "receipts")}
    return kept, refused, given


def _report(last: dict[str, Any], refused: list[Any], *, dry_run: bool) -> None:
    if refused:
        columns = ("row", "field", "reason")
        output.show_rows(columns, [[one[name] for name in columns] for one in refused])
    if ignored := last.get("ignored_columns"):
        numbers = ", ".join(map(str, ignored))
        output.say(f"Columns whose names are not known, of which nothing is kept: {numbers}")
    verb = "would be taken" if dry_run else "accepted"
    output.say(
        f"{last.get('done', 0)} of {last.get('rows', 0)} rows: {last.get('accepted', 0)} {verb}, "
        f"{last.get('repeated', 0)} known before"
    )
