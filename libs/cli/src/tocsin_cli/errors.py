"""What can go wrong for the person at the keyboard: what happened, what to do next, exit code."""


class TocsinError(Exception):
    """Something a person can put right. Exit code 1: anything not named below."""

    exit_code = 1

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step


class NotReady(TocsinError):
    """A server or a service did not start, or does not answer. Exit code 3."""

    exit_code = 3


class KeyRefused(TocsinError):
    """The key is missing or wrong. Exit code 4."""

    exit_code = 4


class NotFound(TocsinError):
    """There is nothing under this name. Exit code 5."""

    exit_code = 5


class Refused(TocsinError):
    """The service understood and said no. Exit code 6."""

    exit_code = 6


class Unusable(TocsinError):
    """The installation itself: its directory, its secrets, its programs. Exit code 7."""

    exit_code = 7
