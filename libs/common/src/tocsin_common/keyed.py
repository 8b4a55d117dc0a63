"""Keyed hashes: how a secret or a reference is found again without being stored."""

import hmac
from hashlib import blake2b


def keyed_hash(key: bytes, purpose: str, *parts: str | bytes) -> bytes:
    """Hash `parts` under a key that is not in the database; 32 bytes (BLAKE2b, RFC 7693).

    Args:
        key: up to 64 secret bytes.
        purpose: up to 16 letters; hashes for different purposes never meet.
        parts: what is hashed; each is delimited, so `("a", "bc")` is not `("ab", "c")`.
    """
    digest = blake2b(key=key, person=purpose.encode(), digest_size=32)
    for part in parts:
        data = part.encode(errors="surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


def same(one: str, other: str) -> bool:
    """Compare two secrets in a time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
