"""What becomes of an attempt to fetch a file."""

from enum import StrEnum

from tocsin_intake import pauses


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


def state_after(reason: Reason, attempts: int) -> State:
    """Whether there is another attempt."""
    if reason in REFUSED:
        return State.REFUSED
    if reason in FOR_A_PERSON or pauses.is_the_last(attempts):
        return State.GIVEN_UP
    return State.WAITING
