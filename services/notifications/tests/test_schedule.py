"""When an attempt is made again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin_notifications.deliveries.schedule import (
    ATTEMPTS,
    LONGEST_WISH,
    quiet_after,
    wait_after,
    wish_of,
)

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        (1, 5),
        (2, 300),
        (3, 1800),
        (4, 7200),
        (5, 18000),
        (6, 36000),
        (7, 50400),
        (8, 72000),
        (9, 86400),
    ],
)
def test_each_wait_is_longer_than_the_one_before(failures: int, seconds: int) -> None:
    assert wait_after(failures, chance=0) == timedelta(seconds=seconds)


def test_the_tenth_attempt_is_the_last() -> None:
    assert ATTEMPTS == 10
    assert wait_after(10, chance=0) is None


def test_jitter_only_adds_and_at_most_a_fifth() -> None:
    assert wait_after(2, chance=1) == timedelta(minutes=6)


def test_a_demonstration_shrinks_our_waits_and_not_the_receivers_wish() -> None:
    assert wait_after(1, chance=0, scale=0.01) == timedelta(milliseconds=50)
    assert wait_after(1, chance=0, scale=0.01, wish=timedelta(seconds=9)) == timedelta(seconds=9)


def test_a_wish_never_shortens_a_wait_and_is_bounded() -> None:
    assert wait_after(3, chance=0, wish=timedelta(seconds=1)) == timedelta(minutes=30)
    assert wait_after(1, chance=0, wish=timedelta(days=9)) == LONGEST_WISH


@pytest.mark.parametrize(
    ("header", "wish"),
    [
        ("120", timedelta(seconds=120)),
        (" 7 ", timedelta(seconds=7)),
        ("Tue, 03 Mar 2026 12:02:00 GMT", timedelta(minutes=2)),
        ("Tue, 03 Mar 2026 12:02:00 -0000", timedelta(minutes=2)),
        ("Tue, 03 Mar 2026 11:00:00 GMT", timedelta()),
        ("9" * 400, LONGEST_WISH),
        ("-1", None),
        ("soon", None),
        ("Thu, 01 Jan 12345678901234 00:00:00 GMT", None),
        ("Thu, 01 Jan 9999 00:00:00 12345678901234", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, wish: timedelta | None) -> None:
    assert wish_of(header, NOW) == wish


@given(st.text())
def test_no_header_breaks_the_reader(header: str) -> None:
    wish = wish_of(header, NOW)
    assert wish is None or wish >= timedelta()


@pytest.mark.parametrize(
    ("status", "wait", "wish", "quiet"),
    [
        (429, 5, 30, 30),
        (503, 5, 30, 30),
        (429, 5, None, 5),
        (502, 300, None, 60),
        (504, 300, None, 60),
        (500, 300, 30, None),
        (503, 300, None, None),
        (429, 5, 10**6, 24 * 3600),
        (204, None, None, None),
    ],
)
def test_an_endpoint_that_is_overloaded_or_asks_for_it_is_left_alone(
    status: int, wait: int | None, wish: int | None, quiet: int | None
) -> None:
    found = quiet_after(status, seconds(wait), seconds(wish))

    assert found == seconds(quiet)


def seconds(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(seconds=number)
