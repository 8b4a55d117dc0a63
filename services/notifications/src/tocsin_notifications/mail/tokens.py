"""Links in mails that work without a login: signed, for one endpoint and one purpose."""

import base64
from enum import StrEnum
from uuid import UUID

from tocsin_common.keyed import keyed_hash, same


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


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
