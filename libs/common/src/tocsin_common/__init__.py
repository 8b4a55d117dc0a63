"""The mechanisms Tocsin's services share: how, never what."""

import sys


def _load_nats_alone() -> None:
    """Load nats-py without aiohttp, which it takes along wherever it finds it.

    It needs it for websockets, which nobody here speaks: 9 MB of each process, and a tenth of a
    second of each start. Whoever needs aiohttp loads it all the same.
    """
    if "aiohttp" in sys.modules:
        return
    sys.modules["aiohttp"] = None  # pyright: ignore[reportArgumentType] - so that importing fails
    try:
        import nats.aio.client  # noqa: F401 # pyright: ignore[reportUnusedImport]
    finally:
        del sys.modules["aiohttp"]


_load_nats_alone()
