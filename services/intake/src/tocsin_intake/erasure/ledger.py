"""The erasure ledger: a file beside the database, in no backup of it, that outlives a restore."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from uuid import UUID

AT_ONCE = 500


def append(file: Path, complaint_ids: Sequence[UUID]) -> None:
    """Add ids, and return when they are on the disk."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as opened:
        opened.write(b"".join(f"{one}\n".encode() for one in complaint_ids))
        opened.flush()
        os.fsync(opened.fileno())


def batches(file: Path) -> Iterator[list[UUID]]:
    """Every id, some at a time; a line that a power cut tore is passed over."""
    if not file.exists():
        return
    with file.open("rb") as opened:
        while lines := list(islice(opened, AT_ONCE)):
            yield [found for line in lines if (found := _id_in(line))]


def _id_in(line: bytes) -> UUID | None:
    try:
        return UUID(line.decode().strip())
    except ValueError:
        return None
