"""Standard Webhooks: how a receiver knows that a delivery is ours and unchanged."""

import base64
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from nacl.signing import SigningKey

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


def key_of(webhook_key: bytes, generation: int) -> SigningKey:
    """The installation's own signing key: its public half verifies every webhook."""
    return SigningKey(keyed_hash(webhook_key, "webhook-ed25519", str(generation)))


def public(key: SigningKey) -> str:
    """The public half of a signing key, as receivers configure it."""
    return "whpk_" + base64.b64encode(bytes(key.verify_key)).decode()


def id_of(key: SigningKey) -> str:
    """A short name for a signing key, from its public half."""
    return sha256(bytes(key.verify_key)).hexdigest()[:16]


def v1a(key: SigningKey) -> Scheme:
    """Sign by ed25519: who verifies cannot forge."""

    def sign(signed: bytes) -> str:
        return "v1a," + base64.b64encode(key.sign(signed).signature).decode()

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
