"""Where an integration's settings lead intake, and as whom."""

from typing import Any
from uuid import uuid4

import pytest
from yarl import URL

from tocsin_intake.integrations import Hotline
from tocsin_intake.integrations.access import Access, access_of
from tocsin_intake.integrations.systems import System
from tocsin_intake.outbound import NotNamed
from tocsin_intake.schemas import IntegrationDefaults

ON_WHATSAPP = {"app_secret": "-", "verify_token": "-", "access_token": "invented"}
ON_TWILIO = {
    "auth_token": "invented",
    "public_url": "https://intake.example.org",
    "account_sid": "AC" + "0" * 32,
}
ON_TELEGRAM = {"secret_token": "an-invented-secret", "bot_token": "123456:an-invented-bot-token"}
SECRET = "whsec_" + "A" * 44
MAPPED = {"secret": SECRET, "mapping": {"words": "text"}}


def access(adapter: str, settings: dict[str, Any]) -> Access | None:
    system = System.model_validate({adapter: settings})
    return access_of(Hotline(uuid4(), adapter, IntegrationDefaults(), (system,)))


@pytest.mark.parametrize(
    ("adapter", "settings", "leads_to"),
    [
        (
            "whatsapp_cloud",
            ON_WHATSAPP,
            {
                "https://graph.facebook.com": "Bearer invented",
                "https://lookaside.fbsbx.com": "Bearer invented",
            },
        ),
        (
            "twilio",
            ON_TWILIO,
            {
                "https://api.twilio.com": "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD"
                "ppbnZlbnRlZA==",
                "https://media.twiliocdn.com": None,
                "https://mms.twiliocdn.com": None,
            },
        ),
        ("telegram", ON_TELEGRAM, {"https://api.telegram.org": None}),
        (
            "rapidpro",
            {"api_token": "invented", "media_hosts": ["media.example.org"]},
            {"https://textit.com": "Token invented", "https://media.example.org": None},
        ),
        (
            "kobo",
            {"api_token": "invented", "server_url": "https://forms.example.org"},
            {"https://forms.example.org": "Token invented"},
        ),
        (
            "generic",
            MAPPED | {"media_hosts": ["media.example.org:8443"]},
            {"https://media.example.org:8443": None},
        ),
    ],
)
def test_a_system_is_spoken_to_where_it_lies_and_as_its_operator_said(
    adapter: str, settings: dict[str, Any], leads_to: dict[str, str | None]
) -> None:
    known = access(adapter, settings)

    assert known
    found = {
        f"{origin.scheme}://{origin.host}{'' if origin.port == 443 else f':{origin.port}'}": dict(
            shown
        ).get("Authorization")
        for origin, shown in known.reach.named.items()
    }
    assert found == leads_to
    assert "invented" not in repr(known)
    with pytest.raises(NotNamed):
        known.reach.headers_for(URL("https://elsewhere.example.org"))


@pytest.mark.parametrize(
    ("adapter", "settings"),
    [
        ("whatsapp_cloud", {"app_secret": "-", "verify_token": "-"}),
        ("twilio", {name: one for name, one in ON_TWILIO.items() if name != "account_sid"}),
        ("telegram", {"secret_token": "an-invented-secret"}),
        ("rapidpro", {}),
        ("kobo", {}),
        ("generic", MAPPED),
    ],
)
def test_a_system_nobody_gave_access_to_is_not_spoken_to(
    adapter: str, settings: dict[str, Any]
) -> None:
    assert access(adapter, settings) is None


def test_a_bots_token_stands_in_its_paths() -> None:
    known = access("telegram", ON_TELEGRAM)

    assert known
    assert known.base == "https://api.telegram.org/bot123456:an-invented-bot-token"
    assert known.files == "https://api.telegram.org/file/bot123456:an-invented-bot-token"
