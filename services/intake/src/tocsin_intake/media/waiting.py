"""Files that came along are noted in the transaction that stores what they came with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_common.keyed import keyed_hash
from tocsin_intake.schemas import Media

KINDS = frozenset({"image", "audio", "voice", "video", "document", "sticker"})
OTHER = "file"
MOST = 100  # files of one complaint, with all that followed it: what an officer is shown

_NOTE = """
insert into sent_along (id, complaint_id, integration_id, kind, sealed, named, created_at, due_at)
select id, complaint_id, integration_id, kind, sealed, named, at, at
from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[], $6::bytea[], $7::timestamptz[]
) as new(id, complaint_id, integration_id, kind, sealed, named, at)
"""
_NOTE_MORE = """
with told as (
    select distinct on (named) * from unnest($3::uuid[], $4::text[], $5::bytea[], $6::bytea[])
        with ordinality as told(id, kind, sealed, named, place)
), known as (
    select named from sent_along where complaint_id = $1
    union all select named from attachment where complaint_id = $1
), new as (
    select * from told where not exists (select from known where known.named = told.named)
), stored as (
    insert into sent_along
        (id, complaint_id, integration_id, kind, sealed, named, created_at, due_at)
    select id, $1, $2, kind, sealed, named, now(), now() from new order by place
    limit greatest(0, $7 - (select count(*) from known))
    returning id
)
select (select count(*) from new) - (select count(*) from stored)
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is to be fetched; where it lies is sealed."""

    id: UUID
    kind: str
    sealed: bytes
    named: bytes
    """A keyed hash of where it lies: what comes again is known by it."""


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


def of(
    hash_key: bytes, complaint_id: UUID, media: Sequence[Media], sealed: Sequence[bytes]
) -> tuple[Waiting, ...]:
    """What will be noted of each file: a kind of ours, never what its sender calls it."""
    return tuple(
        Waiting(
            uuid4(),
            one.kind if one.kind in KINDS else OTHER,
            where,
            keyed_hash(hash_key, "media", complaint_id.bytes, one.reference),
        )
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
        [file.named for _, file in files],
        [one.received_at for one, _ in files],
    )


async def note_more(
    tx: AsyncConnection, complaint_id: UUID, integration_id: UUID, files: Sequence[Waiting]
) -> int:
    """Note files that followed a complaint, each once; return how many more than `MOST` came.

    Only for who has the complaint locked, so that two at once do not note the same.
    """
    if not files:
        return 0
    return await (await driver(tx)).fetchval(
        _NOTE_MORE,
        complaint_id,
        integration_id,
        [file.id for file in files],
        [file.kind for file in files],
        [file.sealed for file in files],
        [file.named for file in files],
        MOST,
    )
