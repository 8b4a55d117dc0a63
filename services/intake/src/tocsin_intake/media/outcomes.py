"""What becomes of an attempt to fetch a file, and when the next one is made."""

from datetime import timedelta
from enum import StrEnum


class State(StrEnum):
    """Where a file stands that is no attachment yet."""

    WAITING = "waiting"
    REFUSED = "refused"
    """It came, and is nothing that can be kept."""
    GIVEN_UP = "given_up"
    """It did not come; somebody may have it tried again."""


class Reason(StrEnum):
    """Why an attempt brought nothing."""

    NO_ACCESS = "no_access"
    """Nobody told how to speak to the system."""
    HOST_NOT_NAMED = "host_not_named"
    ATTACHMENTS_OFF = "attachments_off"
    NOT_PERMITTED = "not_permitted"
    NOT_THERE = "not_there"
    NOT_REACHED = "not_reached"
    NOT_NOW = "not_now"
    """The system, or we, had no time for it."""
    NOT_UNDERSTOOD = "not_understood"
    TOO_LARGE = "too_large"
    KIND_NOT_TAKEN = "kind_not_taken"
    NOT_READABLE = "not_readable"


REFUSED = frozenset({Reason.TOO_LARGE, Reason.KIND_NOT_TAKEN, Reason.NOT_READABLE})
FOR_A_PERSON = frozenset({Reason.NO_ACCESS, Reason.HOST_NOT_NAMED, Reason.ATTACHMENTS_OFF})
"""Nothing changes until somebody changes a setting."""
DELAYS = (
    *(timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=2), timedelta(hours=6), timedelta(hours=12), timedelta(hours=24)),
    *(timedelta(hours=48), timedelta(hours=72)),
)
"""A week in all: WhatsApp keeps a file for thirty days, and its number as long."""
LONGEST_ASKED = timedelta(hours=6)  # how far a system may put us off


def state_after(reason: Reason, attempts: int) -> State:
    """Whether there is another attempt."""
    if reason in REFUSED:
        return State.REFUSED
    if reason in FOR_A_PERSON or attempts > len(DELAYS):
        return State.GIVEN_UP
    return State.WAITING


def delay_after(attempts: int, asked: timedelta = timedelta()) -> timedelta:
    """How long to wait after so many attempts; longer if the system asks for it."""
    own = DELAYS[min(max(attempts, 1), len(DELAYS)) - 1]
    return max(own, min(asked, LONGEST_ASKED))
