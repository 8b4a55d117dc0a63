"""The erasure ledger: beside the database, in no backup of it, so that it outlives a restore.

It is a file, or a folder that several processes share: each then has a file of its own, since not
every shared disk lets two append to one.
"""

import os
import socket
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from uuid import UUID

AT_ONCE = 500


def append(place: Path, complaint_ids: Sequence[UUID]) -> None:
    """Add ids, and return when they are on the disk."""
    file = place / socket.gethostname() if place.is_dir() else place
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as opened:
        opened.write(b"".join(f"{one}\n".encode() for one in complaint_ids))
        opened.flush()
        os.fsync(opened.fileno())


def batches(place: Path) -> Iterator[list[UUID]]:
    """Every id, some at a time; a line that a power cut tore is passed over."""
    if not place.exists():
        return
    for file in sorted(place.iterdir()) if place.is_dir() else [place]:
        yield from _batches_in(file)


def _batches_in(file: Path) -> Iterator[list[UUID]]:
    if not file.is_file():  # a disk's own, such as lost+found
        return
    with file.open("rb") as opened:
        while lines := list(islice(opened, AT_ONCE)):
            yield [found for line in lines if (found := _id_in(line))]


def _id_in(line: bytes) -> UUID | None:
    try:
        return UUID(line.decode().strip())
    except ValueError:
        return None
