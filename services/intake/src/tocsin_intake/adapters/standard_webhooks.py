"""Verifies what a sender signed by Standard Webhooks (v1: HMAC-SHA256)."""

import base64
import hmac
from hashlib import sha256

from tocsin_common.keyed import same

TOLERANCE = 300  # seconds a clock may be off, or a request under way
MOST_SIGNATURES = 10  # a sender rotates between two


def signed(
    secret: str, message_id: str, timestamp: str, body: bytes, signatures: str, now: float
) -> bool:
    """Check the three headers over the bytes as they came.

    Args:
        secret: `whsec_…`.
        message_id: `webhook-id`.
        timestamp: `webhook-timestamp`, of this attempt.
        body: the bytes.
        signatures: `webhook-signature`: several, while the sender rotates its secret.
        now: what time it is here.
    """
    if not message_id or not timestamp.isdecimal() or len(timestamp) > 12:
        return False
    if abs(now - int(timestamp)) > TOLERANCE:
        return False
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    content = f"{message_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, content, sha256).digest()).decode()
    shown = signatures.split(" ")[:MOST_SIGNATURES]
    return any([same(one, expected) for one in shown])  # noqa: C419 - each is compared, always
