"""What the portal is told by its environment."""

import base64
from typing import Annotated

from pydantic import AfterValidator

from tocsin_common.settings import Settings as CommonSettings


def verify_keys(value: str) -> dict[str, bytes]:
    """Read `keyid:base64,…`."""
    pairs = (one.strip().partition(":") for one in value.split(",") if one.strip())
    return {name: base64.b64decode(key, validate=True) for name, _, key in pairs}


def _readable(value: str) -> str:
    keys = verify_keys(value)
    if not keys or any(not name or len(key) != 32 for name, key in keys.items()):
        raise ValueError("give at least one key as `keyid:base64 of 32 bytes`")
    return value


class Settings(CommonSettings):
    """The portal's own settings; `hash_key` is shared with notifications."""

    alert_verify_keys: Annotated[str, AfterValidator(_readable)]
    """The public keys that may have signed an alert, as `keyid:base64,…` (protection L5)."""
