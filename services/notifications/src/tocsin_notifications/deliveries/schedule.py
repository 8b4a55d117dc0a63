"""When an attempt that failed is made again, and when that ends: after some three days."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long to wait after each failure; the first attempt waits for nothing."""
ATTEMPTS = len(WAITS) + 1
OURS = timedelta(seconds=30)  # after a failure of our own mail server; it is no step of the above
JITTER = 0.2  # of a wait at most, on top, so that those who failed together come back apart
SLOWED = timedelta(minutes=1)  # the most that we leave alone whoever did not say for how long
OVERLOADED = {429, 502, 504}
ASKING = {429, 503}
LONGEST_WISH = timedelta(hours=24)  # a receiver cannot make us wait longer than we would ourselves


def wait_after(
    failures: int, *, chance: float, wish: timedelta | None = None, scale: float = 1
) -> timedelta | None:
    """How long to wait after so many failures in a row; `None`: that was the last attempt.

    Args:
        failures: attempts made so far, all failed.
        chance: from 0 to 1, where in the jitter this wait lies.
        wish: how long the receiver asked us to wait; it is honoured up to a day.
        scale: stretches or shrinks our waits, not the receiver's.
    """
    if failures > len(WAITS):
        return None
    wait = WAITS[failures - 1] * scale * (1 + JITTER * chance)
    return max(wait, min(wish, LONGEST_WISH)) if wish else wait


def quiet_after(status: int, wait: timedelta | None, wish: timedelta | None) -> timedelta | None:
    """How long to leave an endpoint alone, with everything, that answered so.

    Args:
        status: of its answer.
        wait: until this delivery is tried again.
        wish: how long it asked us to wait.
    """
    if wish and status in ASKING:
        return min(wish, LONGEST_WISH)
    return min(wait, SLOWED) if wait and status in OVERLOADED else None


def wish_of(retry_after: str | None, now: datetime) -> timedelta | None:
    """Read a `Retry-After` header (RFC 9110): seconds or a date; what is neither says nothing."""
    if not retry_after:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:12]), LONGEST_WISH.total_seconds()))
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(timedelta(), (date if date.tzinfo else date.replace(tzinfo=UTC)) - now)
