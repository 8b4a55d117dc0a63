"""What the portal refuses to be told by its environment."""

import base64

import pytest
from pydantic import ValidationError

from tocsin_buyer_portal_api.settings import Settings

KEY = base64.b64encode(bytes(32)).decode()


def settings(keys: str) -> Settings:
    return Settings.model_validate(
        {"database_url": "postgresql://", "hash_key": bytes(32), "alert_verify_keys": keys}
    )


def test_several_keys_may_have_signed_an_alert() -> None:
    keys = settings(f"old:{KEY}, new:{KEY}").alert_verify_keys

    assert keys == {"old": bytes(32), "new": bytes(32)}


@pytest.mark.parametrize("keys", ["", ",", KEY, f":{KEY}", "one:c2hvcnQ=", f"one:{KEY[:-2]}!="])
def test_a_portal_that_could_verify_nothing_does_not_start(keys: str) -> None:
    with pytest.raises(ValidationError):
        settings(keys)
