"""Looks for words in everything a database holds, however they may be written."""

import base64
import json
from typing import Any

from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.models import Table


async def everything_stored(database: Database) -> bytes:
    """Every value of every table, as bytes."""
    stored: list[bytes] = []
    async with database.begin() as tx:
        for table in Table.metadata.sorted_tables:
            for row in await tx.execute(text(f'select * from "{table.name}"')):  # noqa: S608
                stored += [_bytes_of(value) for value in row]
    return b"\n".join(stored)


def found_in(stored: bytes, words: str) -> list[str]:
    """How `words` are written where they were found."""
    plain = words.encode()
    written = {
        "UTF-8": plain,
        "UTF-16": words.encode("utf-16-le"),
        "hex": plain.hex().encode(),
        "JSON": json.dumps(words)[1:-1].encode(),
        **{f"base64 at {cut}": _base64_within(plain, cut) for cut in range(3)},
    }
    return [how for how, value in written.items() if value.lower() in stored.lower()]


def _base64_within(plain: bytes, cut: int) -> bytes:
    """The part of a base64 text that does not depend on what stands around `plain`."""
    whole = plain[cut : len(plain) - (len(plain) - cut) % 3]
    return base64.b64encode(whole)


def _bytes_of(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
