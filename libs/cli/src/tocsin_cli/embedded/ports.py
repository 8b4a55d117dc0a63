"""Which ports of 127.0.0.1 are free."""

import random
import socket
import time

# Below every system's range for outgoing connections: in that range a client that keeps trying
# to reach a dead server can be connected to itself, and then the server cannot come back.
_LOWEST, _HIGHEST = 20_000, 29_999


def is_free(port: int) -> bool:
    """Say whether nobody listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def becomes_free(port: int, patience: float) -> bool:
    """Say whether a port is free, or will be within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def free_port() -> int:
    """Return some free port.

    Raises:
        OSError: there is none.
    """
    for _ in range(1000):
        port = random.randint(_LOWEST, _HIGHEST)  # noqa: S311
        if is_free(port):
            return port
    raise OSError(f"no free port between {_LOWEST} and {_HIGHEST}")
