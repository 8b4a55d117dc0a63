"""What commands print: tables for people, JSON for programs. `NO_COLOR` is honoured by rich."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tocsin_cli.errors import TocsinError

_WIDE = 500  # characters; wider than any key


def show_json(data: Any) -> None:
    """Print one JSON value on one line."""
    say(json.dumps(data, ensure_ascii=False, default=str))


def show_rows(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, whole: bool = False
) -> None:
    """Print a table.

    Args:
        columns: what stands above.
        rows: what stands below.
        whole: do not fold what is wider than the screen, so that a key can be copied.
    """
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell), overflow="fold") for cell in row))
    Console(width=_WIDE if whole else None).print(table)


def show_list(
    rows: Sequence[Mapping[str, object]], columns: Sequence[str], *, json: bool, empty: str = ""
) -> None:
    """Print what was found: all of it as JSON, or some columns as a table.

    Args:
        rows: what was found.
        columns: what the table shows of each.
        json: whether a program asked.
        empty: the sentence that says that there is nothing; without one, the columns stand alone.
    """
    if json:
        show_json(rows)
    elif empty and not rows:
        say(empty)
    else:
        show_rows(columns, [[row[name] for name in columns] for row in rows])


def show_fields(fields: Mapping[str, object]) -> None:
    """Print names and values, one a line."""
    show_rows(("", ""), list(fields.items()))


def say(text: str) -> None:
    """Print a sentence."""
    Console().print(Text(text), soft_wrap=True)


def note(text: str) -> None:
    """Print a sentence on standard error, beside what was asked for."""
    Console(stderr=True).print(Text(text), soft_wrap=True)


def show_error(error: TocsinError, *, as_json: bool) -> None:
    """Tell on standard error what happened and what to do next."""
    console = Console(stderr=True)
    if as_json:
        told = {"error": error.what, "next": error.next_step, "exit_code": error.exit_code}
        console.print(Text(json.dumps(told, ensure_ascii=False)), soft_wrap=True)
        return
    console.print(Text.assemble(("Error: ", "bold red"), error.what), soft_wrap=True)
    console.print(Text(error.next_step), soft_wrap=True)
