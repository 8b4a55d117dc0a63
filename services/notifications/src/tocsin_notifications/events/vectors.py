"""Signed examples, so that a receiver's verification can be tested without us."""

import json
from datetime import UTC, datetime
from uuid import UUID

from nacl.signing import SigningKey
from pydantic import BaseModel, Field

from tocsin_notifications.events.catalogue import CATALOGUE
from tocsin_notifications.webhooks import signing

SECRET = b"a secret for test vectors, 32 by"
SEED = b"a seed of keys for test vectors."
ID = UUID("3d2f8f3e-7a55-4f5b-9a39-0f1c5f7b2a10")
AT = datetime(2026, 3, 3, 12, 0, 5, tzinfo=UTC)


class Vector(BaseModel):
    """A body and the headers that sign it; or that do not."""

    says: str = Field(examples=["alert.raised, signed"])
    valid: bool = Field(description="Whether a receiver must take it.")
    headers: dict[str, str]
    body: str = Field(description="Sign and verify exactly these bytes (UTF-8).")


class Vectors(BaseModel):
    """Keys made for nothing else, and what they signed. The time is past on purpose."""

    secret: str = Field(description="Verifies `v1`.", examples=["whsec_…"])
    public_key: str = Field(description="Verifies `v1a`.", examples=["whpk_…"])
    verify_at: int = Field(description="Unix seconds to take as now.", examples=[1772539205])
    vectors: list[Vector]


def vectors(at: datetime = AT) -> Vectors:
    """Sign the example of every type, and spoil one of them in every way that must be seen."""
    key = SigningKey(SEED)
    schemes = [signing.v1(SECRET), signing.v1a(key)]
    made = [
        _vector(f"{one.type}, signed", json.dumps(one.example, separators=(",", ":")), at, schemes)
        for one in CATALOGUE
    ]
    first = made[0]
    forged = signing.v1(b"another secret, of somebody else")
    rotated = [forged, signing.v1(SECRET)]
    return Vectors(
        secret=signing.shown(SECRET),
        public_key=signing.public(key),
        verify_at=int(at.timestamp()),
        vectors=[
            *made,
            _vector("old and new secret, during rotation", first.body, at, rotated),
            _vector("signed with another secret", first.body, at, [forged], valid=False),
            _spoilt(first, "a changed body", body=first.body.replace('"version":1', '"version":2')),
            _spoilt(first, "another id", id_="9e6f0f0a-6d5e-4a0c-8a32-4d1f7f6f0c55"),
            _spoilt(first, "another time", timestamp=str(int(at.timestamp()) + 1)),
        ],
    )


def _vector(
    says: str, body: str, at: datetime, schemes: list[signing.Scheme], *, valid: bool = True
) -> Vector:
    headers = signing.headers(ID, at, body.encode(), schemes)
    return Vector(says=says, valid=valid, headers=headers, body=body)


def _spoilt(
    good: Vector, says: str, *, body: str = "", id_: str = "", timestamp: str = ""
) -> Vector:
    headers = good.headers | {
        "webhook-id": id_ or good.headers["webhook-id"],
        "webhook-timestamp": timestamp or good.headers["webhook-timestamp"],
    }
    return Vector(says=says, valid=False, headers=headers, body=body or good.body)
