"""What an attachment is, is told by its content; sealed bytes open as they were or not at all."""

from collections.abc import AsyncGenerator

import media
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin_common.sealing import Unreadable, new_key
from tocsin_intake.attachments.kinds import Kind, kind_of
from tocsin_intake.attachments.sealing import (
    CHUNK,
    SEALED_CHUNK,
    piece,
    plain_size,
    seal_blocks,
    unseal_blocks,
)

KEY = new_key()
NOT_TAKEN = {
    "a PDF": b"%PDF-1.7\n",
    "HEIC": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
    "AVIF": b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00",
    "GIF": b"GIF89a",
    "a web page": b"<html>",
    "a zip": b"PK\x03\x04",
    "an AVI": b"RIFF\x00\x00\x00\x00AVI ",
    "text": "ÿØ, he said".encode(),
    "UTF-16": "\ufeffab".encode("utf-16-le"),
    "nothing": b"",
    "a byte": b"\xff",
}


@pytest.mark.parametrize("name", media.SPEAKING)
def test_what_is_taken_is_known_by_how_it_begins(name: str) -> None:
    make, _ = media.SPEAKING[name]

    assert kind_of(make()[:64]) is not None


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_what_is_not_taken_is_known_as_well(name: str) -> None:
    assert kind_of(NOT_TAKEN[name]) is None


@given(st.binary(max_size=64))
def test_any_beginning_is_a_kind_or_none(head: bytes) -> None:
    assert kind_of(head) is None or kind_of(head) in Kind


async def blocks(content: bytes, size: int) -> AsyncGenerator[bytes]:
    for begin in range(0, len(content), size):
        yield content[begin : begin + size]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
@pytest.mark.parametrize("block", [1000, CHUNK, 10 * CHUNK])
async def test_what_was_sealed_in_chunks_opens_as_it_was(size: int, block: int) -> None:
    content, key = bytes(range(256)) * (size // 256) + b"x" * (size % 256), new_key()

    sealed = await seal_blocks(key, blocks(content, block), about=b"a")

    assert unseal_blocks(key, sealed, about=b"a") == content
    assert content[:64] not in sealed or size < 8


async def test_what_was_changed_moved_or_cut_short_does_not_open() -> None:
    content, key = b"heron" * CHUNK, new_key()
    sealed = await seal_blocks(key, blocks(content, CHUNK), about=b"a")
    first, second = sealed[:SEALED_CHUNK], sealed[SEALED_CHUNK : 2 * SEALED_CHUNK]
    rest = sealed[2 * SEALED_CHUNK :]
    changed = [
        sealed[:-1],
        first,
        first + second,
        first[:16],
        first[:5],
        b"",
        second + first + rest,
        first + rest,
        sealed + sealed[-100:],
        sealed + first,
        sealed[:40] + bytes([sealed[40] ^ 1]) + sealed[41:],
    ]

    for one in changed:
        with pytest.raises(Unreadable):
            unseal_blocks(key, one, about=b"a")
    for wrong_key, about in ((new_key(), b"a"), (key, b"b")):
        with pytest.raises(Unreadable):
            unseal_blocks(wrong_key, sealed, about=about)


@given(st.data())
async def test_any_part_opens_alone_from_the_sealed_bytes_it_takes(data: st.DataObject) -> None:
    content = bytes(range(251)) * (3 * CHUNK // 251)
    sealed = await seal_blocks(KEY, blocks(content, CHUNK), about=b"a")
    begin = data.draw(st.integers(0, len(content) - 1))
    size = data.draw(st.integers(1, len(content)))
    assert plain_size(len(sealed)) == len(content)

    part = piece(len(sealed), begin, size)
    taken = sealed[part.sealed_begin : part.sealed_end]

    assert part.open(KEY, taken, about=b"a") == content[begin : begin + size]
    assert len(taken) <= size + 2 * SEALED_CHUNK
    elsewhere = piece(len(sealed), (begin + CHUNK) % len(content), size)
    if elsewhere.sealed_begin != part.sealed_begin:
        with pytest.raises(Unreadable):
            elsewhere.open(KEY, taken, about=b"a")
