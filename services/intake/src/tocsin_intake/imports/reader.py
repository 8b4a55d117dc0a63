"""Has tables read by a process of their own, one after the other, while the loop goes on."""

import asyncio
import subprocess
import sys
from dataclasses import dataclass

from tocsin_common.problems import Unavailable
from tocsin_intake.imports import rows
from tocsin_intake.imports.reading import ENDS, heard
from tocsin_intake.imports.rows import Read
from tocsin_intake.imports.tables import TableTooLarge

WAITING = 4  # tables in memory, one of which is read
READING = 90.0  # seconds


@dataclass(frozen=True)
class Table:
    """A file that was read, in memory only."""

    rows: list[Read]
    ignored_columns: list[int]


class Reader:
    """Starts a process for each table: one at a time, a few may wait, others are refused."""

    def __init__(self) -> None:
        self._place = asyncio.Semaphore(1)
        self._waiting = 0

    async def read(self, content: bytes) -> Table:
        """Read a file.

        Raises:
            NotATable, TableTooLarge, NoWordsColumn, ColumnTwice: it cannot be imported.
            Unavailable: too many wait.
        """
        if self._waiting >= WAITING:
            raise Unavailable
        self._waiting += 1
        try:
            async with self._place:
                return await asyncio.to_thread(_understood, await _told(content))
        finally:
            self._waiting -= 1


async def _told(content: bytes) -> bytes:
    process = subprocess.Popen(  # noqa: ASYNC220 - see `attachments.cleaner.start_process`
        (sys.executable, "-I", "-m", "tocsin_intake.imports.reading"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
    )
    try:
        told, _ = await asyncio.to_thread(process.communicate, content, READING)
    except subprocess.TimeoutExpired:
        raise TableTooLarge from None
    finally:
        process.kill()  # if somebody went away meanwhile; the thread then comes to its end
    if process.returncode:
        why = (one for one, code in ENDS.items() if code == process.returncode)
        raise next(why, TableTooLarge)()  # what ended it otherwise was its memory or its time
    return told


def _understood(told: bytes) -> Table:
    header, *others = heard(told.splitlines()) if told else [[]]
    columns = rows.columns_of(header)
    return Table(rows=list(rows.read(columns, others)), ignored_columns=columns.ignored)
