"""Files that came along are noted in the transaction that stores their complaints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

import asyncpg

from tocsin_intake.schemas import Media

KINDS = frozenset({"image", "audio", "voice", "video", "document", "sticker"})
OTHER = "file"

_NOTE = """
insert into sent_along (id, complaint_id, integration_id, kind, sealed, created_at, due_at)
select id, complaint_id, integration_id, kind, sealed, at, at
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::timestamptz[])
    as new(id, complaint_id, integration_id, kind, sealed, at)
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is to be fetched; where it lies is sealed."""

    id: UUID
    kind: str
    sealed: bytes


class Sender(Protocol):
    """A complaint about to be stored."""

    @property
    def complaint_id(self) -> UUID: ...
    @property
    def integration_id(self) -> UUID: ...
    @property
    def received_at(self) -> datetime: ...
    @property
    def media(self) -> Sequence[Waiting]: ...


def of(media: Sequence[Media], sealed: Sequence[bytes]) -> tuple[Waiting, ...]:
    """What will be noted of each file: a kind of ours, never what its sender calls it."""
    return tuple(
        Waiting(uuid4(), one.kind if one.kind in KINDS else OTHER, where)
        for one, where in zip(media, sealed, strict=True)
    )


async def note(
    connection: "asyncpg.Connection[asyncpg.Record]", complaints: Sequence[Sender]
) -> None:
    """Note all files of these complaints; nothing is asked of the database if there are none."""
    files = [(one, file) for one in complaints for file in one.media]
    if not files:
        return
    await connection.execute(
        _NOTE,
        [file.id for _, file in files],
        [one.complaint_id for one, _ in files],
        [one.integration_id for one, _ in files],
        [file.kind for _, file in files],
        [file.sealed for _, file in files],
        [one.received_at for one, _ in files],
    )
