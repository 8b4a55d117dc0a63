"""Reads a CSV or XLSX file into rows, within bounds, and never executes or writes anything."""

import csv
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from tocsin_common.problems import Invalid

MOST_BYTES = 20_000_000
MOST_ROWS = 50_000
MOST_COLUMNS = 200
MOST_UNPACKED = 200_000_000
"""Of an XLSX file: a small one can hold a large one, and a tiny one a table without end."""
SEPARATORS = ",;\t|"
ADDRESS = re.compile(rb"[\"']\$?([A-Za-z]{1,4})\$?([0-9]{1,9})[\"':]")
ENTITY = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)

UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError),
    *(RuntimeError, EOFError, ValueError, OSError),
)
FOREIGN = re.compile(r"[^\x00-\x7f\xa0‐-‟…]{4}")
"""Western words never have so many letters beside ASCII's in a row: it is another encoding."""

Row = Sequence[Any]


class NotATable(Invalid):
    """What was sent is no table that can be read."""

    code = "not_a_table"
    detail = "Send CSV in UTF-8, UTF-16 or Windows-1252, or XLSX."


class EncodingUnknown(NotATable):
    """Guessing would make other words of what a worker said."""

    code = "encoding_unknown"
    detail = "The file's text is in an encoding that is not known here. Save it as CSV in UTF-8."


class TableTooLarge(Invalid):
    """More than is read at once."""

    code = "table_too_large"
    detail = f"A table has at most {MOST_ROWS:,} rows and {MOST_COLUMNS} columns. Send it in parts."


def rows_of(content: bytes) -> list[Row]:
    """Every row, the header first.

    Raises:
        NotATable: it is neither CSV nor XLSX.
        TableTooLarge: it has too many rows or columns, or unpacks into too much.
    """
    rows = _xlsx(content) if content.startswith(b"PK\x03\x04") else _csv(_text(content))
    if len(rows) > MOST_ROWS + 1 or any(len(row) > MOST_COLUMNS for row in rows):
        raise TableTooLarge
    return rows


def _text(content: bytes) -> str:
    """Decode by its mark, as UTF-8, or as Windows-1252 where every byte of it means a letter."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decoded(content, "utf-16")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _decoded(content, "cp1252")
        if FOREIGN.search(text):
            raise EncodingUnknown from None
    if "\0" in text:  # UTF-16 without its mark, or no text at all
        raise EncodingUnknown
    return text


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise EncodingUnknown from None


def _csv(text: str) -> list[Row]:
    header, _, _ = text.partition("\n")
    separator = max(SEPARATORS, key=header.count)
    rows: list[Row] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            rows.append(row)
            if len(rows) > MOST_ROWS + 1:
                raise TableTooLarge
    except csv.Error:
        raise NotATable from None
    return rows


def _xlsx(content: bytes) -> list[Row]:
    """Read the first sheet: values only, and formulas by what they last gave."""
    _check_unpacked(content)
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        return list(sheet.to_python(skip_empty_area=False))
    except (CalamineError, OSError, ValueError, IndexError):
        raise NotATable from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how the reader says it is at its wits' end
            raise
        raise NotATable from None


def _check_unpacked(content: bytes) -> None:
    """Unpack once within bounds, and look how far the cells reach: reading lays out them all."""
    left = MOST_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for part in archive.infolist():
                with archive.open(part) as unpacked:
                    data = unpacked.read(left + 1)
                left -= len(data)
                if left < 0:
                    raise TableTooLarge
                if part.filename.lower().endswith((".xml", ".rels")):
                    _check_part(data, is_sheet="worksheets/" in part.filename)
    except UNREADABLE:
        raise NotATable from None


def _check_part(data: bytes, *, is_sheet: bool) -> None:
    if ENTITY.search(data) or b"\0" in data:
        raise NotATable
    if not is_sheet:
        return
    for match in ADDRESS.finditer(data):
        if _number_of(match[1]) > MOST_COLUMNS or int(match[2]) > MOST_ROWS + 1:
            raise TableTooLarge


def _number_of(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number
