"""Attachments sealed in chunks, each of which opens alone: a part costs no more than itself.

Each chunk is sealed by XChaCha20-Poly1305 under the attachment's own key, which seals nothing else;
its place and whether it is the last are its nonce (STREAM, Hoang et al. 2015). So a chunk that was
changed, moved, left out or put at the end does not open.
"""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from hashlib import sha256

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_ABYTES,
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
)
from nacl.exceptions import CryptoError

from tocsin_common.sealing import Unreadable

CHUNK = 65_536
TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES
SEALED_CHUNK = CHUNK + TAG


async def seal_blocks(key: bytes, blocks: AsyncIterable[bytes], *, about: bytes) -> bytes:
    """Seal what comes, chunk by chunk; only under `key` and for `about` does it open.

    `key` must be new: it seals this alone.
    """
    sealed, plain, place = bytearray(), bytearray(), 0
    async for block in blocks:
        plain += block
        while len(plain) > CHUNK:
            nonce = _nonce(place, last=False)
            chunk = bytes(plain[:CHUNK])
            sealed += crypto_aead_xchacha20poly1305_ietf_encrypt(chunk, about, nonce, key)
            del plain[:CHUNK]
            place += 1
    nonce = _nonce(place, last=True)
    sealed += crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(plain), about, nonce, key)
    return bytes(sealed)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of an attachment: which sealed bytes it takes to open which plain ones."""

    begin: int
    end: int
    """Of the plain bytes; not more than there are."""
    sealed_size: int
    """Of the whole."""

    @property
    def sealed_begin(self) -> int:
        return self.begin // CHUNK * SEALED_CHUNK

    @property
    def sealed_end(self) -> int:
        chunks = max(1, -(-self.end // CHUNK))  # nothing is sealed as an empty chunk
        return min(chunks * SEALED_CHUNK, self.sealed_size)

    def open(self, key: bytes, sealed: bytes, *, about: bytes) -> bytes:
        """Open it from the sealed bytes that it takes.

        Raises:
            Unreadable: another key, another `about`, or it was changed or cut short.
        """
        if not sealed or len(sealed) != self.sealed_end - self.sealed_begin:
            raise Unreadable
        first, plain = self.begin // CHUNK, bytearray()
        for begin in range(0, len(sealed), SEALED_CHUNK):
            place = first + begin // SEALED_CHUNK
            nonce = _nonce(place, last=(place + 1) * SEALED_CHUNK >= self.sealed_size)
            chunk = sealed[begin : begin + SEALED_CHUNK]
            try:
                plain += crypto_aead_xchacha20poly1305_ietf_decrypt(chunk, about, nonce, key)
            except (CryptoError, ValueError):
                raise Unreadable from None
        return bytes(plain[self.begin - first * CHUNK : self.end - first * CHUNK])


def plain_size(sealed_size: int) -> int:
    """How many bytes were sealed."""
    return sealed_size - -(-sealed_size // SEALED_CHUNK) * TAG


def piece(sealed_size: int, begin: int, size: int) -> Piece:
    """The plain bytes from `begin`, up to `size` of them."""
    return Piece(begin, min(begin + size, plain_size(sealed_size)), sealed_size)


def unseal_blocks(key: bytes, sealed: bytes, *, about: bytes) -> bytes:
    """Open the whole of what `seal_blocks` made.

    Raises:
        Unreadable: another key, another `about`, or it was changed or cut short.
    """
    size = len(sealed)
    return piece(size, 0, size).open(key, sealed, about=about)


def digest(sealed: bytes) -> bytes:
    """What is kept to tell whether a store gave back what it was given: of the ciphertext only."""
    return sha256(sealed).digest()


def _nonce(place: int, *, last: bool) -> bytes:
    size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
    return bytes([last]) + place.to_bytes(size - 1, "big")
