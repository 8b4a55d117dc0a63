"""Signatures on what leaves amber, so that a forgery is visible (Ed25519, RFC 8032)."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from tocsin_common.errors import RuleBroken


class ForgedStatement(RuleBroken):
    """The signature is not that of a key this service trusts."""


class Signer:
    """Signs statements; its key id says which public key verifies them."""

    def __init__(self, seed: bytes) -> None:
        self._key = SigningKey(seed)
        self.public_key = bytes(self._key.verify_key)
        self.key_id = key_id(self.public_key)

    def sign(self, statement: str) -> bytes:
        """The signature over the statement's UTF-8 bytes: 64 bytes."""
        return self._key.sign(statement.encode()).signature


class Verifier:
    """Trusts some public keys."""

    def __init__(self, public_keys: Mapping[str, bytes]) -> None:
        self._keys = {name: VerifyKey(key) for name, key in public_keys.items()}

    def verify(self, statement: str, signature: bytes, by: str) -> None:
        """Return if `statement` was signed by the trusted key called `by`.

        Raises:
            ForgedStatement: it was not.
        """
        if by not in self._keys or not _verifies(self._keys[by], statement, signature):
            raise ForgedStatement


def signer_of(statement: str, signature: bytes, public_keys: Sequence[bytes]) -> bytes | None:
    """Return which of some public keys verifies that `statement` was signed; `None`: none does."""
    verifying = (key for key in public_keys if _verifies(VerifyKey(key), statement, signature))
    return next(verifying, None)


def _verifies(key: VerifyKey, statement: str, signature: bytes) -> bool:
    try:
        key.verify(statement.encode(), signature)
    except (BadSignatureError, ValueError):
        return False
    return True


def key_id(public_key: bytes) -> str:
    """A short name for a public key: the beginning of its SHA-256."""
    return sha256(public_key).hexdigest()[:16]
