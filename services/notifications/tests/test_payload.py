"""What is sent says little, and says it in the words that were signed."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from builders import an_alert, an_unverified_alert

from tocsin_contracts.alerts import AlertState
from tocsin_notifications.webhooks import payload
from tocsin_notifications.webhooks.payload import LARGEST, TooLarge, body_of, type_of


@pytest.mark.parametrize(
    ("state", "version", "expected"),
    [
        (AlertState.ACTIVE, 1, "alert.raised"),
        (AlertState.ACTIVE, 2, "alert.updated"),
        (AlertState.CORRECTED, 2, "alert.corrected"),
        (AlertState.ENDED, 3, "alert.ended"),
    ],
)
def test_the_type_follows_from_what_cases_signed(
    state: AlertState, version: int, expected: str
) -> None:
    assert type_of(an_alert(state=state, version=version)) == expected


def test_an_unverified_alert_is_told_as_an_id_and_a_link() -> None:
    alert = an_unverified_alert()

    body = body_of(alert, "https://portal.example/")

    assert json.loads(body) == {
        "type": "alert.raised",
        "timestamp": "2026-03-03T12:00:00Z",
        "data": {
            "alert_id": str(alert.alert_id),
            "version": 1,
            "level": "buyers_unverified",
            "link": f"https://portal.example/v1/alerts/{alert.alert_id}",
        },
    }


def test_no_name_and_no_code_is_sent_at_any_level() -> None:
    for alert in (an_alert(), an_unverified_alert()):
        body = body_of(alert, "https://portal.example").decode()

        for hidden in ("Crunchy", "Silver Heron", "wages", '"VN"', "silent"):
            assert hidden not in body
        assert len(body) < 1000


def test_what_would_not_be_thin_is_refused() -> None:
    assert len(body_of(an_alert(), "https://portal.example/" + "x" * 18_000)) <= LARGEST
    with pytest.raises(TooLarge):
        body_of(an_alert(), "https://portal.example/" + "x" * LARGEST)


def test_a_test_and_a_challenge_say_nothing_about_anybody() -> None:
    endpoint, now = uuid4(), datetime(2026, 3, 3, 12, 0, 1, tzinfo=UTC)

    assert json.loads(payload.test_body(endpoint, now)) == {
        "type": "endpoint.test",
        "timestamp": "2026-03-03T12:00:01Z",
        "data": {"endpoint_id": str(endpoint), "test": True},
    }
    asked = json.loads(payload.challenge_body(endpoint, now, "sesame"))
    assert asked["data"] == {"endpoint_id": str(endpoint), "challenge": "sesame"}
