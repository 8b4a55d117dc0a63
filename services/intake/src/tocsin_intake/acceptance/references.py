"""The names under which a hotline knows what it handed in, as they are stored: keyed hashes."""

from typing import Literal

from tocsin_common.keyed import keyed_hash
from tocsin_intake.integrations import Hotline

Kind = Literal["external_ref", "idempotency-key"]


def reference(hash_key: bytes, hotline: Hotline, kind: Kind, value: str) -> bytes:
    """What stands for a name; a test key's names are others than those of a live one."""
    scope = hotline.integration_id.bytes + (b"test" if hotline.test else b"")
    return keyed_hash(hash_key, kind, scope, value)
