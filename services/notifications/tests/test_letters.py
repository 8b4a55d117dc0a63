"""What letters say, in every language."""

import json
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any
from uuid import uuid4

import pytest
from builders import an_alert, an_organisation

from tocsin_contracts.alerts import Alert, AlertState, Ask, SupplierPosition
from tocsin_contracts.events.registry import Role
from tocsin_contracts.taxonomy import load
from tocsin_notifications.mail import letters
from tocsin_notifications.mail.letters import Letter, Reader, Told
from tocsin_notifications.mail.message import compose
from tocsin_notifications.mail.words import LANGUAGES, language_of, words_of

LINK = "https://portal.example/v1/alerts/1"


def a_reader(language: str = "en") -> Reader:
    return Reader("City of Example", language, "https://tocsin.example/mail/unsubscribe/x")


def told(alert: Alert | None, kind: str = "alert.raised") -> Told:
    return Told(str(uuid4()), kind, LINK, alert)


def every_letter(language: str) -> list[Letter]:
    reader = a_reader(language)
    states = ("raised", "updated", "corrected", "ended")
    return [
        *(letters.of_alert(told(an_alert(), f"alert.{one}"), reader) for one in states),
        letters.of_alert(told(None), reader),
        letters.of_digest([told(an_alert())], reader),
        letters.of_digest([told(an_alert()), told(an_alert())], reader),
        letters.of_confirmation(LINK, reader),
        letters.of_disabled("https://buyer.example/hook", "webhook", "gone", reader),
        letters.of_disabled("a@buyer.example", "email", "bounced", reader),
        letters.of_test(reader),
    ]


def keys(words: Any) -> Any:
    return {key: keys(value) for key, value in words.items()} if isinstance(words, dict) else None  # pyright: ignore[reportUnknownVariableType]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_is_written_in_every_language(language: str) -> None:
    for letter in every_letter(language):
        written = letters.write(letter, language)

        assert written.language == language
        assert written.subject
        assert f'<html lang="{language}">' in written.html
        for paragraph in letter.paragraphs:
            assert paragraph in written.plain
        assert "{" not in written.plain


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_catalogue_names_everything_that_can_be_said(language: str) -> None:
    words = words_of(language)

    assert keys(words) == keys(words_of("en"))
    assert words["role"].keys() >= set(Role)
    assert words["ask"].keys() >= set(Ask)
    assert words["position"].keys() >= set(SupplierPosition)
    assert words["group"].keys() >= {one.name for one in load().groups}


def test_catalogues_differ() -> None:
    assert len({json.dumps(words_of(one)["text"]) for one in LANGUAGES}) == len(LANGUAGES)


@pytest.mark.parametrize(
    ("wanted", "language"), [("de-AT", "de"), ("SV", "sv"), ("fi", "en"), ("", "en")]
)
def test_a_buyer_is_written_in_its_language_or_in_english(wanted: str, language: str) -> None:
    assert language_of(wanted) == language


def test_what_is_not_verified_is_an_id_and_a_link() -> None:
    secret = told(None)
    written = letters.write(letters.of_alert(secret, a_reader()), "en")

    assert secret.alert_id in written.plain
    assert LINK in written.plain
    assert written.subject == "A confidential alert"
    for word in ("Crunchy", "VN", "Wages", "wages", "3 of 5"):
        assert word not in written.plain + written.html + written.subject


def test_names_are_escaped_and_break_no_header() -> None:
    name = "<b>Bold</b> & Sons\r\nBcc: everybody@example.org"
    organisation = an_organisation().model_copy(update={"name": name})
    alert = an_alert(organisations=(organisation,), state=AlertState.ACTIVE)

    written = letters.write(letters.of_alert(told(alert), a_reader()), "en")

    assert "\n" not in written.subject
    assert "\r" not in written.subject
    assert "<b>" not in written.html
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; Sons" in written.html
    assert "<b>Bold</b> & Sons" in written.plain


def test_a_facility_is_named_at_the_portal_only() -> None:
    written = letters.write(letters.of_alert(told(an_alert()), a_reader()), "en")

    assert "Crunchy Armchair Electronics (operator)" in written.plain
    assert "Wages and benefits" in written.plain
    assert "Silver Heron" not in written.plain + written.html + written.subject


@pytest.mark.parametrize(
    "name",
    [
        "=?utf-8?q?Acme=0D=0ABcc:_somebody@else.example?=",
        "Acme =?utf-8?b?DQpCY2M6IHNvbWVib2R5QGVsc2UuZXhhbXBsZQ==?= Ltd",
        "Acme\r\nBcc: somebody@else.example",
        "Acme\x0bBcc: somebody@else.example\x1b[31m",
    ],
)
def test_what_is_encoded_in_a_name_makes_no_header(name: str) -> None:
    named = an_organisation().model_copy(update={"name": name})
    letter = letters.of_alert(told(an_alert(organisations=(named,))), a_reader())
    message = compose(
        letters.write(letter, "en"),
        sender="Tocsin <tocsin@monitor.example>",
        to="reader@city.example",
        delivery_id=uuid4(),
        endpoint_id=uuid4(),
        alert_id=uuid4(),
        unsubscribe="",
        now=datetime.now(UTC),
    )

    arrived = message_from_bytes(message.as_bytes(), policy=default)

    assert arrived["Bcc"] is None
    assert arrived.keys() == message.keys()
    assert "Acme" in arrived["Subject"]
    assert arrived["Subject"].isprintable()
