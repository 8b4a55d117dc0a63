"""Ending in good order, however a command is told to end."""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager

_ENDINGS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_in_good_order(stop: Callable[[], None]) -> Generator[None]:
    """Run the block, then `stop`, which nothing more interrupts.

    SIGTERM and SIGHUP interrupt the block as ^C does.
    """
    for ending in _ENDINGS:
        if signal.getsignal(ending) != signal.SIG_IGN:  # as under nohup
            signal.signal(ending, signal.default_int_handler)
    try:
        yield
    finally:
        for ending in (signal.SIGINT, *_ENDINGS):
            signal.signal(ending, signal.SIG_IGN)
        stop()
