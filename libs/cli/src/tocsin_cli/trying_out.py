"""Settings for trying Tocsin out on one machine, where nobody's safety depends on waiting."""

import os

SLOT = 2  # seconds from one slot to the next

SETTINGS = {
    "TOCSIN_SLOTS": f"every {SLOT}s",
    "TOCSIN_SETTLE_SECONDS": "0",
    "TOCSIN_SPREAD_SECONDS": "0",
    "TOCSIN_NOTICE_SECONDS": "0",
    "TOCSIN_ALLOWED_NETWORKS": "127.0.0.0/8",
}
"""Alerts leave within seconds, and webhooks may go to this machine.

With real complaints each of these must go: they are what keeps a worker from being singled out.
"""


def unless_chosen() -> dict[str, str]:
    """The settings for which the environment does not name a value."""
    return {name: value for name, value in SETTINGS.items() if name not in os.environ}
