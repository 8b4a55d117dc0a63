"""What becomes of an attempt to tell a worker, and whether there is another."""

from enum import StrEnum

from tocsin_intake import pauses


class State(StrEnum):
    """Where a waiting message stands with the worker it waits for."""

    WAITING = "waiting"
    """The worker will be told, or is just being told."""
    TOLD = "told"
    """Once, until the message is read."""
    LISTED = "listed"
    """It is for the hotline to tell the worker."""
    GIVEN_UP = "given_up"
    """The worker could not be told; the hotline may find another way."""


class Reason(StrEnum):
    """Why the worker is not told."""

    NOT_CONFIGURED = "not_configured"
    """Nobody said how."""
    SEALED_TO_HOTLINE = "sealed_to_hotline"
    """Only the hotline can open the contact (protection V11)."""
    NO_ADDRESS = "no_address"
    """The contact is none that this way leads to."""
    BLOCKED = "blocked"
    """The worker wants to hear nothing, or the telephone takes nothing."""
    NO_SUCH_ADDRESS = "no_such_address"
    REFUSED = "refused"
    """The system will not send it: a template, a sender or a number is wrong there."""
    NO_ACCESS = "no_access"
    """The integration is disabled, or lost what it needs to speak to its system."""
    NOT_PERMITTED = "not_permitted"
    """The system does not take the token."""
    HOST_NOT_NAMED = "host_not_named"
    NOT_REACHED = "not_reached"
    NOT_NOW = "not_now"
    """The system, or we, had no time for it."""
    NOT_UNDERSTOOD = "not_understood"


FOR_THE_HOTLINE = frozenset({Reason.NOT_CONFIGURED, Reason.SEALED_TO_HOTLINE, Reason.NO_ADDRESS})
FOR_GOOD = frozenset({Reason.BLOCKED, Reason.NO_SUCH_ADDRESS, Reason.REFUSED})
"""Nothing else would come of another attempt."""


def state_after(reason: Reason, attempts: int) -> State:
    """Whether there is another attempt."""
    if reason in FOR_THE_HOTLINE:
        return State.LISTED
    if reason in FOR_GOOD or pauses.is_the_last(attempts):
        return State.GIVEN_UP
    return State.WAITING
