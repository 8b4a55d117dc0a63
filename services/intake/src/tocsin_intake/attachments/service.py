"""Attachments: taken and cleaned, opened, and dropped when no complaint names them."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from uuid import UUID, uuid4

import asyncpg

from tocsin_common.database import Database, driver
from tocsin_common.problems import NotFound, Problem, UnsupportedMediaType
from tocsin_common.rounds import NO_PAUSE, Rounds
from tocsin_common.sealing import Unreadable, new_key
from tocsin_intake.attachments.cleaner import Cleaner
from tocsin_intake.attachments.kinds import ENOUGH, is_heic, kind_of
from tocsin_intake.attachments.models import Attachment
from tocsin_intake.attachments.sealing import (
    digest,
    piece,
    plain_size,
    seal_blocks,
    unseal_blocks,
)
from tocsin_intake.attachments.store import Store
from tocsin_intake.vault.keys import KeyWrapper

UNNAMED = timedelta(days=1)
"""How long an upload waits for a complaint that names it."""
MARGIN = timedelta(hours=1)  # no transaction that claims is this old
MOST_UNNAMED = 1000  # of one hotline at a time
LOOK = 60.0  # seconds between looks for what has expired
AT_ONCE = 100


class KindNotTaken(UnsupportedMediaType):
    """It cannot be cleaned of what it says about itself, so it is not taken (protection V9)."""

    code = "attachment_kind_not_taken"
    detail = (
        "Taken are photos (JPEG, PNG, WebP) and voice notes (Ogg, WebM, M4A, AAC, MP3, WAV, AMR). "
        "Send a document as photos of its pages."
    )


class HeicNotTaken(KindNotTaken):
    """An iPhone's photo, made anew only by libraries we do not ship.

    Their wheels bring along libheif and libde265 (LGPL), one of them x265 too (GPL).
    """

    code = "heic_not_taken"
    detail = (
        "This is a HEIC photo, as iPhones take them. Send it as JPEG: choose Settings, Camera, "
        "Formats, Most Compatible on the phone before taking it, or export it as JPEG."
    )


class TooManyUnnamed(Problem):
    """Uploads that no complaint names fill the store."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_unnamed"
    detail = f"{MOST_UNNAMED} attachments wait to be named in complaints. Name them, or wait a day."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "3600"})


_BEGIN = """
with kept as (
    insert into attachment (id, integration_id, media_type, size, digest, stored, created_at,
        expires_at)
    select $1, $2, $3, $4, $5, false, $6, $7
    where (select count(*) from attachment
           where integration_id = $2 and complaint_id is null) < $8
    returning id
)
insert into data_key (complaint_id, wrapped) select id, $9 from kept returning complaint_id
"""
_STORED = "update attachment set stored = true where id = $1"
_EXPIRED = """
select id from attachment where complaint_id is null and expires_at < $1
order by expires_at limit $2
"""
_FORGET_KEYS = "delete from data_key where complaint_id = any($1::uuid[])"
_FORGET = "delete from attachment where id = any($1::uuid[])"
_FIND = """
select a.media_type, a.size, a.digest, k.wrapped from attachment a
join data_key k on k.complaint_id = a.id
where a.id = $1 and a.complaint_id = $2 and a.stored
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of an attachment."""

    media_type: str
    size: int
    """Of the whole of it."""
    content: bytes


class Attachments:
    """All attachments of this installation."""

    def __init__(self, database: Database, store: Store, keys: KeyWrapper) -> None:
        self._database = database
        self._store = store
        self._keys = keys
        self._cleaner = Cleaner()

    async def take(self, integration_id: UUID, content: AsyncIterable[bytes]) -> Attachment:
        """Keep what comes, made anew and sealed; it is never on the disk in clear.

        Raises:
            KindNotTaken: it is neither a photo nor a voice note.
            NotReadable: nothing could be made of it.
            TooManyUnnamed: the hotline has uploaded too much that no complaint names.
            Unavailable: nothing was done.
        """
        chunks = aiter(content)
        head = await _head(chunks)
        kind = kind_of(head)
        if kind is None:
            raise HeicNotTaken if is_heic(head) else KindNotTaken
        attachment_id, key, now = uuid4(), new_key(), datetime.now(UTC)
        async with self._cleaner.cleaned(kind, _again(head, chunks)) as (media_type, blocks):
            sealed = await seal_blocks(key, blocks, about=attachment_id.bytes)
        attachment = Attachment(
            id=attachment_id,
            integration_id=integration_id,
            media_type=media_type,
            size=len(sealed),
            digest=digest(sealed),
            created_at=now,
            expires_at=now + UNNAMED,
        )
        await self._begin(attachment, key)  # so that whatever comes to lie in the store is known
        await self._store.put(attachment_id, sealed)
        async with self._database.begin() as tx:
            await (await driver(tx)).execute(_STORED, attachment_id)
        return attachment

    async def _begin(self, one: Attachment, key: bytes) -> None:
        wrapped = self._keys.wrap(key, about=one.id.bytes)
        async with self._database.begin() as tx:
            kept = await (await driver(tx)).fetchval(
                _BEGIN,
                one.id,
                one.integration_id,
                one.media_type,
                one.size,
                one.digest,
                one.created_at,
                one.expires_at,
                MOST_UNNAMED,
                wrapped,
            )
        if not kept:
            raise TooManyUnnamed

    async def open(self, complaint_id: UUID, attachment_id: UUID) -> tuple[str, bytes]:
        """Return the media type and the bytes of a complaint's attachment.

        Raises:
            NotFound: the complaint has no such attachment.
            Unreadable: its key is not known here, or it was changed.
            Unavailable: the store is away.
        """
        row, key = await self._found(complaint_id, attachment_id)
        sealed = await self._store.get(attachment_id)
        if digest(sealed) != row["digest"]:
            raise Unreadable
        return row["media_type"], unseal_blocks(key, sealed, about=attachment_id.bytes)

    async def open_part(
        self, complaint_id: UUID, attachment_id: UUID, begin: int, size: int
    ) -> Part:
        """Return up to `size` bytes from `begin`; nothing else is read or opened.

        Raises:
            NotFound: the complaint has no such attachment, or it ends before.
            Unreadable: its key is not known here, or it was changed.
            Unavailable: the store is away.
        """
        row, key = await self._found(complaint_id, attachment_id)
        whole = plain_size(row["size"])
        if begin >= whole:
            raise NotFound
        wanted = piece(row["size"], begin, size)
        sealed = await self._store.get_some(attachment_id, wanted.sealed_begin, wanted.sealed_end)
        content = wanted.open(key, sealed, about=attachment_id.bytes)
        return Part(row["media_type"], whole, content)

    async def _found(self, complaint_id: UUID, attachment_id: UUID) -> tuple[asyncpg.Record, bytes]:
        """What is stored of a complaint's attachment, and its key."""
        async with self._database.begin() as tx:
            row = await (await driver(tx)).fetchrow(_FIND, attachment_id, complaint_id)
        if row is None:
            raise NotFound
        return row, self._keys.unwrap(row["wrapped"], about=attachment_id.bytes)

    async def drop_expired(self, now: datetime) -> int:
        """Destroy some of what no complaint has named in time; return how many those were.

        Raises:
            Unavailable: the store is away; call again.
        """
        async with self._database.begin() as tx:
            rows = await (await driver(tx)).fetch(_EXPIRED, now - MARGIN, AT_ONCE)
        await self.destroy([row["id"] for row in rows])
        return len(rows)

    async def destroy(self, ids: Sequence[UUID]) -> None:
        """Destroy attachments: their keys first, then their bytes, then the knowledge of them.

        Raises:
            Unavailable: the store is away; call again.
        """
        if not ids:
            return
        async with self._database.begin() as tx:
            await (await driver(tx)).execute(_FORGET_KEYS, ids)
        await self._store.delete(ids)
        async with self._database.begin() as tx:
            await (await driver(tx)).execute(_FORGET, ids)

    def dropping(self) -> AbstractAsyncContextManager[None]:
        """Drop what has expired until the block ends."""
        return Rounds("attachments", self._drop, every=LOOK).running()

    async def _drop(self) -> timedelta | None:
        dropped = await self.drop_expired(datetime.now(UTC))
        return NO_PAUSE if dropped == AT_ONCE else None


async def _head(chunks: AsyncIterator[bytes]) -> bytes:
    head = b""
    while len(head) < ENOUGH and (chunk := await anext(chunks, None)) is not None:
        head += chunk
    return head


async def _again(head: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    yield head
    async for chunk in rest:
        yield chunk
