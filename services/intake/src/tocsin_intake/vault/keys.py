"""The keys that wrap data keys: they come from a file or the environment, never from the data."""

from typing import Protocol

from tocsin_common.keyed import keyed_hash
from tocsin_common.sealing import Unreadable, seal, unseal

ID_BYTES = 8


class KeyWrapper(Protocol):
    """Wraps data keys under a key-encryption key.

    For a key management service, fetch the key-encryption key once at the start: wrapping is
    part of every acceptance and must not wait for a network.
    """

    @property
    def current(self) -> bytes:
        """The id of the key that wraps now: the first 8 bytes of everything it wraps."""
        ...

    def wrap(self, key: bytes, *, about: bytes) -> bytes:
        """Wrap under the current key."""
        ...

    def unwrap(self, wrapped: bytes, *, about: bytes) -> bytes:
        """Unwrap, whichever known key wrapped it.

        Raises:
            Unreadable: no known key did, or it was changed.
        """
        ...


class LocalKeys:
    """Keys held in memory: the current one, and those of before until a rotation is through."""

    def __init__(self, current: bytes, *before: bytes) -> None:
        self.current = id_of(current)
        self._keys = {id_of(key): key for key in (*before, current)}

    def wrap(self, key: bytes, *, about: bytes) -> bytes:
        """Wrap under the current key; its id stands in front."""
        return self.current + seal(self._keys[self.current], key, about=about)

    def unwrap(self, wrapped: bytes, *, about: bytes) -> bytes:
        """Unwrap by the key whose id stands in front.

        Raises:
            Unreadable: that key is not known, or it was changed.
        """
        key = self._keys.get(wrapped[:ID_BYTES])
        if key is None:
            raise Unreadable
        return unseal(key, wrapped[ID_BYTES:], about=about)


def id_of(key: bytes) -> bytes:
    """What a key-encryption key is called; it says nothing about the key."""
    return keyed_hash(key, "key-id")[:ID_BYTES]
