"""For everything a service can wait for, the doctor knows a next step."""

import pytest

from tocsin_cli.remedies import remedy_for


@pytest.mark.parametrize(
    ("waiting_for", "step"),
    [
        ("does not answer yet", "running"),
        ("database: ConnectionRefusedError", "PostgreSQL"),
        ("schema: at 0001, needs 0002", "migrate"),
        ("clock: 42 s from the database's", "NTP"),
        ("nats: no connection", "nats-server"),
        ("nats: this user lacks a permission; is the server's file current?", "configuration"),
        ("nats: a consumer is missing; has provisioning run?", "provision"),
        ("nats: consumer cases_complaints_received is missing", "provision"),
        ("outbox: NATS does not accept COMPLAINTS", "disk"),
        ("outbox: nothing is being shipped", "disk"),
    ],
)
def test_what_a_service_waits_for_has_a_next_step(waiting_for: str, step: str) -> None:
    assert step in remedy_for(waiting_for)


def test_words_nobody_foresaw_have_none() -> None:
    assert remedy_for("something else") == ""
