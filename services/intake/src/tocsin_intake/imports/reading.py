"""Reads a table that a stranger may have made, as a process of its own.

It has little memory and time, nothing in its environment, and no file it could write:
`python -m tocsin_intake.imports.reading` reads the file from its input and writes each row as a
line of JSON. A small file that would fill the service's memory ends this process and nothing else.
"""

import json
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from tocsin_intake.imports import tables
from tocsin_intake.imports.tables import EncodingUnknown, NotATable, TableTooLarge

MEMORY = 400_000_000
PROCESSOR = 60  # seconds
MOST_TOLD = 60_000_000
"""Bytes of all rows: what is left of a table in the service's own memory."""
ENDS: dict[type[Exception], int] = {NotATable: 3, EncodingUnknown: 4, TableTooLarge: 5}
"""How the process ends when it could not read."""


def limit_this_process() -> None:
    """Let it have so much memory and time, and no file that it could write to."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def told(rows: Sequence[Sequence[Any]]) -> bytes:
    """Rows as lines of JSON, without the empty cells at their ends.

    Raises:
        TableTooLarge: it is more than the service takes in.
    """
    lines: list[bytes] = []
    size = 0
    for row in rows:
        cells = list(map(_told, row))
        while lines and cells and cells[-1] in ("", None):
            cells.pop()
        lines.append(json.dumps(cells, separators=(",", ":")).encode() + b"\n")
        size += len(lines[-1])
        if size > MOST_TOLD:
            raise TableTooLarge
    return b"".join(lines)


def heard(lines: Iterable[bytes]) -> Iterator[list[Any]]:
    """The rows again."""
    for line in lines:
        yield list(map(_heard, json.loads(line)))


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"on": value.isoformat()}
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _heard(value: Any) -> Any:
    match value:
        case {"at": at}:
            return datetime.fromisoformat(at)
        case {"on": on}:
            return date.fromisoformat(on)
        case _:
            return value


def main() -> int:
    """Read what comes in; say nothing of it if that does not succeed."""
    limit_this_process()
    try:
        rows = told(tables.rows_of(sys.stdin.buffer.read()))
    except tuple(ENDS) as refused:
        return ENDS[type(refused)]
    except MemoryError:
        return ENDS[TableTooLarge]
    sys.stdout.buffer.write(rows)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
