"""What mails carry and only we can make: links that work without a login, and the way back.

Each is signed for one endpoint and one purpose, or for one delivery.
"""

import base64
from enum import StrEnum
from uuid import UUID

from tocsin_common.keyed import keyed_hash, same

_BOUNCE = "mail-bounce"
_TAG = 12  # bytes


class For(StrEnum):
    """What a link does when somebody presses its button."""

    CONFIRM = "mail-confirm"
    UNSUBSCRIBE = "mail-stop"


def token(key: bytes, purpose: For, endpoint_id: UUID) -> str:
    """A token that only we make: an id and its keyed hash."""
    return _text(endpoint_id.bytes + keyed_hash(key, purpose, endpoint_id.bytes))


def endpoint_of(key: bytes, purpose: For, shown: str) -> UUID | None:
    """The endpoint that a token is for, or `None` if we did not make it for this purpose."""
    try:
        endpoint_id = UUID(bytes=base64.urlsafe_b64decode(shown + "=" * (-len(shown) % 4))[:16])
    except ValueError:
        return None
    return endpoint_id if same(token(key, purpose, endpoint_id), shown) else None


def way_back(key: bytes, bounces: str, delivery_id: UUID) -> str:
    """Where a delivery's mail comes back to: `bounces+<signed delivery>@…`.

    It is written in 32 letters, since mail servers do not all tell cases apart.
    """
    local, _, domain = bounces.rpartition("@")
    tag = keyed_hash(key, _BOUNCE, delivery_id.bytes)[:_TAG]
    signed = base64.b32encode(delivery_id.bytes + tag).decode().rstrip("=").lower()
    return f"{local}+{signed}@{domain}"


def delivery_of(key: bytes, bounces: str, address: str) -> UUID | None:
    """The delivery whose mail came back to this address, or `None` if we never made it."""
    signed = address.rpartition("@")[0].rpartition("+")[2].upper()
    try:
        data = base64.b32decode(signed + "=" * (-len(signed) % 8))
        delivery_id = UUID(bytes=data[:16])
    except ValueError:
        return None
    ours = way_back(key, bounces, delivery_id)
    return delivery_id if same(ours.lower(), address.lower()) else None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
