"""When a mail may go out, by the clock of whoever gets it."""

from datetime import UTC, datetime, time

import pytest

from tocsin_notifications.subscriptions.timing import Digest, Timing, zone_of

NIGHT = Timing(quiet_from=time(22), quiet_to=time(6, 30))
NOON = Timing(quiet_from=time(12), quiet_to=time(13))
SMALL_HOURS = Timing(quiet_from=time(1), quiet_to=time(2, 30))
DAILY, WEEKLY = Timing(digest=Digest.DAILY), Timing(digest=Digest.WEEKLY)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("timing", "zone", "now", "moment"),
    [
        (Timing(), "Europe/Berlin", "2026-01-15 23:30", "2026-01-15 23:30"),
        (NIGHT, "UTC", "2026-01-15 12:00", "2026-01-15 12:00"),
        (NIGHT, "UTC", "2026-01-15 22:00", "2026-01-16 06:30"),
        (NIGHT, "UTC", "2026-01-16 06:29", "2026-01-16 06:30"),
        (NIGHT, "UTC", "2026-01-16 06:30", "2026-01-16 06:30"),
        (NIGHT, "Europe/Stockholm", "2026-01-15 21:00", "2026-01-16 05:30"),
        (NIGHT, "Europe/Stockholm", "2026-07-15 20:00", "2026-07-16 04:30"),
        # The night in which clocks go forward is an hour shorter, the other an hour longer.
        (NIGHT, "Europe/Stockholm", "2026-03-28 22:00", "2026-03-29 04:30"),
        (NIGHT, "Europe/Stockholm", "2026-10-24 21:00", "2026-10-25 05:30"),
        # Half past two is not there in the one, and there twice in the other.
        (SMALL_HOURS, "Europe/Stockholm", "2026-03-29 00:30", "2026-03-29 01:30"),
        (SMALL_HOURS, "Europe/Stockholm", "2026-10-25 00:15", "2026-10-25 01:30"),
        (SMALL_HOURS, "Europe/Stockholm", "2026-10-25 01:15", "2026-10-25 01:30"),
        (NOON, "UTC", "2026-01-15 12:59", "2026-01-15 13:00"),
        (DAILY, "UTC", "2026-01-15 06:59", "2026-01-15 07:00"),
        (DAILY, "UTC", "2026-01-15 07:00", "2026-01-16 07:00"),
        (DAILY, "America/New_York", "2026-01-15 13:00", "2026-01-16 12:00"),
        (WEEKLY, "UTC", "2026-01-15 12:00", "2026-01-19 07:00"),  # a Thursday
        (WEEKLY, "UTC", "2026-01-19 06:00", "2026-01-19 07:00"),
        (WEEKLY, "UTC", "2026-01-19 07:00", "2026-01-26 07:00"),
        (NIGHT, "Nowhere/Land", "2026-01-15 23:00", "2026-01-16 06:30"),
    ],
)
def test_a_mail_waits_until_its_moment(timing: Timing, zone: str, now: str, moment: str) -> None:
    assert timing.next_moment(at(now), zone_of(zone)) == at(moment)


@pytest.mark.parametrize("timing", [Timing(), NIGHT, NOON, DAILY, WEEKLY])
def test_what_was_written_is_read_again(timing: Timing) -> None:
    assert Timing.read(timing.written) == timing
