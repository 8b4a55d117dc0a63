"""Sealing: words and contacts, so that only who should can read them. Red and amber only.

What every acceptance does goes to libsodium by the shortest way. PyNaCl's own way to its AEAD
writes five error messages before each call, whether or not one is needed: they cost four times
what the cipher does.
"""

from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import Any

from nacl.bindings import crypto_box_easy_afternm, crypto_scalarmult_base
from nacl.exceptions import CryptoError
from nacl.public import Box as NaClBox
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.secret import Aead
from nacl.utils import random

KEY_BYTES = 32
NONCE_BYTES = 24  # so many that they may be drawn at random; they stand in front
TAG_BYTES = 16

_sodium: Any = import_module("nacl._sodium")
_ffi, _lib = _sodium.ffi, _sodium.lib


class Unreadable(Exception):
    """It was not sealed with this key, or it was changed since."""


def new_key() -> bytes:
    """A fresh key for `seal`: 32 random bytes."""
    return random(KEY_BYTES)


def seal(key: bytes, plain: bytes, *, about: bytes) -> bytes:
    """Seal `plain` so that it opens only under `key` and for `about` (XChaCha20-Poly1305).

    Args:
        key: 32 bytes.
        plain: what nobody else may read.
        about: what it belongs to, as an id; sealed text moved elsewhere does not open.

    Raises:
        ValueError: the key has another length.
    """
    if len(key) != KEY_BYTES:
        raise ValueError("not a key")
    nonce, null = random(NONCE_BYTES), _ffi.NULL
    sealed = _ffi.new("unsigned char[]", len(plain) + TAG_BYTES)
    _lib.crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed, null, plain, len(plain), about, len(about), null, nonce, key
    )
    return nonce + bytes(_ffi.buffer(sealed))


def unseal(key: bytes, sealed: bytes, *, about: bytes) -> bytes:
    """Open what `seal` made.

    Raises:
        Unreadable: another key, another `about`, or changed bytes.
    """
    try:
        return Aead(key).decrypt(sealed, about)
    except (CryptoError, ValueError):
        raise Unreadable from None


def public_key_of(private_key: bytes) -> bytes:
    """The X25519 public key of 32 secret bytes."""
    return crypto_scalarmult_base(private_key)


def seal_to(public_key: bytes, plain: bytes) -> bytes:
    """Seal for whoever has the private key; the sealer cannot open it again (NaCl sealed box)."""
    return bytes(SealedBox(PublicKey(public_key)).encrypt(plain))


def unseal_with(private_key: bytes, sealed: bytes) -> bytes:
    """Open what `seal_to` made.

    Raises:
        Unreadable: it was sealed to another key, or changed.
    """
    try:
        return SealedBox(PrivateKey(private_key)).decrypt(sealed)
    except (CryptoError, ValueError):
        raise Unreadable from None


class Box:
    """Sealed mail between two services: each reads what the other sent, nobody else does.

    NaCl's authenticated box (X25519, XSalsa20-Poly1305); the shared key is computed once.
    """

    def __init__(
        self,
        own_private_key: bytes,
        other_public_key: bytes,
        also: Iterable[tuple[bytes, bytes]] = (),
    ) -> None:
        """Remember the keys.

        Args:
            own_private_key: one's own.
            other_public_key: the other's.
            also: own and other keys, such as were replaced: what was sealed under them opens, too.
        """
        pairs = ((own_private_key, other_public_key), *also)
        self._boxes = [NaClBox(PrivateKey(own), PublicKey(other)) for own, other in pairs]
        self._key = self._boxes[0].shared_key()

    def seal(self, plain: bytes) -> bytes:
        """Seal for the other."""
        nonce = random(NONCE_BYTES)
        return nonce + crypto_box_easy_afternm(plain, nonce, self._key)

    def unseal(self, sealed: bytes) -> bytes:
        """Open what the other sealed.

        Raises:
            Unreadable: it comes from somebody else, or was changed.
        """
        for box in self._boxes:
            with suppress(CryptoError, ValueError):
                return box.decrypt(sealed)
        raise Unreadable
