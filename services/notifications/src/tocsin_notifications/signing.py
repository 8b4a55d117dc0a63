"""Standard Webhooks: how a receiver knows that a delivery is ours and unchanged."""

import base64
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from tocsin_common.keyed import keyed_hash

Scheme = Callable[[bytes], str]
"""Signs bytes under one key: `v1,…` with a secret that the receiver shares."""


def secret_of(webhook_key: bytes, endpoint_id: UUID, generation: int) -> bytes:
    """An endpoint's secret: derived, so that none is stored; a new generation is a new secret."""
    return keyed_hash(webhook_key, "webhook", str(endpoint_id), str(generation))


def shown(secret: bytes) -> str:
    """A secret as its receiver is given it."""
    return "whsec_" + base64.b64encode(secret).decode()


def v1(secret: bytes) -> Scheme:
    """Sign by HMAC-SHA256 under a shared secret."""

    def sign(signed: bytes) -> str:
        return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()

    return sign


def headers(
    delivery_id: UUID, now: datetime, body: bytes, schemes: Sequence[Scheme]
) -> dict[str, str]:
    """The headers that sign exactly `body`.

    Args:
        delivery_id: the same on every attempt, so that a receiver knows a repeat.
        now: when this attempt is made.
        body: what is sent, byte for byte.
        schemes: one signature for each; a receiver needs to verify only one of them.
    """
    timestamp = str(int(now.timestamp()))
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": str(delivery_id),
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(sign(signed) for sign in schemes),
    }
