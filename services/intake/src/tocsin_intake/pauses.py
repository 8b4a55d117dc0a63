"""When something is tried again at a hotline's own system: after growing pauses, for a week."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

DELAYS = (
    *(timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=2), timedelta(hours=6), timedelta(hours=12), timedelta(hours=24)),
    *(timedelta(hours=48), timedelta(hours=72)),
)
"""A week in all: WhatsApp keeps a file for thirty days, and its number as long."""
LONGEST_ASKED = timedelta(hours=6)  # how far a system may put us off


def delay_after(attempts: int, asked: timedelta = timedelta()) -> timedelta:
    """How long to wait after so many attempts; longer if the system asks for it."""
    own = DELAYS[min(max(attempts, 1), len(DELAYS)) - 1]
    return max(own, min(asked, LONGEST_ASKED))


def is_the_last(attempts: int) -> bool:
    """Whether no attempt follows so many."""
    return attempts > len(DELAYS)


def asked_by(retry_after: str | None, now: datetime | None = None) -> timedelta:
    """Read a `Retry-After`: seconds or a date; nothing where it is neither."""
    if not retry_after:
        return timedelta()
    if retry_after.isdecimal():
        return timedelta(seconds=min(int(retry_after[:9]), 10**6))
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return timedelta()
    if until.tzinfo is None:
        return timedelta()
    return max(until - (now or datetime.now(UTC)), timedelta())
