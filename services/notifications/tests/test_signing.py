"""Signatures, verified by the official library."""

import base64
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from standardwebhooks import Webhook, WebhookVerificationError

from tocsin_notifications.webhooks.signing import (
    headers,
    id_of,
    key_of,
    public,
    secret_of,
    shown,
    v1,
    v1a,
)

KEY = b"k" * 32


def test_the_official_library_verifies_the_exact_bytes() -> None:
    secret, body, sent = secret_of(KEY, uuid4(), 1), b'{"a": "\xc3\xa9"}', uuid4()

    signed = headers(sent, datetime.now(UTC), body, [v1(secret)])

    assert Webhook(shown(secret)).verify(body, signed) == {"a": "é"}
    with pytest.raises(WebhookVerificationError):
        Webhook(shown(secret)).verify(body + b" ", signed)
    with pytest.raises(WebhookVerificationError):
        Webhook(shown(secret)).verify(body, signed | {"webhook-id": str(uuid4())})


def test_each_of_several_secrets_verifies() -> None:
    endpoint, body = uuid4(), b"{}"
    old, new = (secret_of(KEY, endpoint, generation) for generation in (1, 2))

    signed = headers(uuid4(), datetime.now(UTC), body, [v1(new), v1(old)])

    for secret in (old, new):
        assert Webhook(shown(secret)).verify(body, signed) == {}


def test_a_secret_is_32_bytes_and_no_other_endpoints_or_generations() -> None:
    endpoint = uuid4()
    secrets = [
        secret_of(KEY, endpoint, 1),
        secret_of(KEY, endpoint, 2),
        secret_of(KEY, uuid4(), 1),
        secret_of(b"l" * 32, endpoint, 1),
    ]

    assert len(set(secrets)) == 4
    assert shown(secrets[0]).startswith("whsec_")
    assert len(base64.b64decode(shown(secrets[0])[6:])) == 32
    assert secret_of(KEY, endpoint, 1) == secrets[0]


def test_the_installations_own_signature_verifies_under_its_public_key_alone() -> None:
    key, body, sent = key_of(KEY, 1), b"{}", uuid4()

    signed = headers(sent, datetime.now(UTC), body, [v1a(key)])

    signature = base64.b64decode(signed["webhook-signature"].removeprefix("v1a,"))
    message = f"{sent}.{signed['webhook-timestamp']}.".encode() + body
    verifier = VerifyKey(base64.b64decode(public(key).removeprefix("whpk_")))
    verifier.verify(message, signature)
    with pytest.raises(BadSignatureError):
        verifier.verify(message + b" ", signature)
    assert len({id_of(key), id_of(key_of(KEY, 2)), id_of(key_of(b"l" * 32, 1))}) == 3
