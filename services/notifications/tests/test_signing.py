"""Signatures, verified by the official library."""

import base64
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tocsin_notifications.signing import headers, secret_of, shown, v1

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
