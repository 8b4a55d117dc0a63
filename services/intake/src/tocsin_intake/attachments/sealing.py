"""Attachments sealed in chunks, so that neither sealing nor opening needs the whole of one."""

from collections.abc import AsyncIterable
from hashlib import sha256

from nacl.bindings import (
    crypto_secretstream_xchacha20poly1305_ABYTES,
    crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    crypto_secretstream_xchacha20poly1305_init_pull,
    crypto_secretstream_xchacha20poly1305_init_push,
    crypto_secretstream_xchacha20poly1305_pull,
    crypto_secretstream_xchacha20poly1305_push,
    crypto_secretstream_xchacha20poly1305_state,
    crypto_secretstream_xchacha20poly1305_TAG_FINAL,
    crypto_secretstream_xchacha20poly1305_TAG_MESSAGE,
)
from nacl.exceptions import CryptoError

from tocsin_common.sealing import Unreadable

CHUNK = 65_536
HEADER = crypto_secretstream_xchacha20poly1305_HEADERBYTES
SEALED_CHUNK = CHUNK + crypto_secretstream_xchacha20poly1305_ABYTES


async def seal_blocks(key: bytes, blocks: AsyncIterable[bytes], *, about: bytes) -> bytes:
    """Seal what comes, chunk by chunk; only under `key` and for `about` does it open.

    A chunk that was changed, moved, left out or put at the end does not open either
    (libsodium's secretstream, XChaCha20-Poly1305).
    """
    state = crypto_secretstream_xchacha20poly1305_state()
    sealed = bytearray(crypto_secretstream_xchacha20poly1305_init_push(state, key))
    plain = bytearray()
    message = crypto_secretstream_xchacha20poly1305_TAG_MESSAGE

    def push(size: int, tag: int) -> None:
        chunk = bytes(plain[:size])
        sealed.extend(crypto_secretstream_xchacha20poly1305_push(state, chunk, about, tag))
        del plain[:size]

    async for block in blocks:
        plain += block
        while len(plain) > CHUNK:
            push(CHUNK, message)
    push(len(plain), crypto_secretstream_xchacha20poly1305_TAG_FINAL)
    return bytes(sealed)


def unseal_blocks(key: bytes, sealed: bytes, *, about: bytes) -> bytes:
    """Open what `seal_blocks` made.

    Raises:
        Unreadable: another key, another `about`, or it was changed or cut short.
    """
    state = crypto_secretstream_xchacha20poly1305_state()
    plain, final = bytearray(), False
    try:
        crypto_secretstream_xchacha20poly1305_init_pull(state, sealed[:HEADER], key)
        for begin in range(HEADER, len(sealed), SEALED_CHUNK):
            if final:
                raise Unreadable
            chunk = sealed[begin : begin + SEALED_CHUNK]
            opened, tag = crypto_secretstream_xchacha20poly1305_pull(state, chunk, about)
            plain += opened
            final = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL
    except (CryptoError, ValueError, RuntimeError):
        raise Unreadable from None
    if not final:
        raise Unreadable
    return bytes(plain)


def digest(sealed: bytes) -> bytes:
    """What is kept to tell whether a store gave back what it was given: of the ciphertext only."""
    return sha256(sealed).digest()
