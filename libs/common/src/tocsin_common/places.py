"""The register of what a service stores: what erasure does there, and how long it stays (V10).

Every service has one table of its places; a table, or a column that could hold words, which is
not in it fails a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

STREAM = timedelta(days=35)
"""How long a stream keeps an event."""
NOBODY = "nothing"
"""What erasure does where nothing is about a person."""


@dataclass(frozen=True, slots=True)
class Place:
    """One table, stream or folder."""

    holds: str
    on_erasure: str
    """What happens there; `NOBODY` only where nothing is about a person."""
    longest: timedelta | None
    """How long something stays; `None`: for ever, and nothing in it is about a person."""
    columns: str = ""
    """Those that could hold words or a payload, with spaces between."""
    aged_by: str = ""
    """The column by which the keeper lets go of what is older than `longest`; without one, what
    lets go of it is the service's own."""
    order: str = ""
    """An indexed column that rises with age, unless `aged_by` is one."""
    only: str = ""
    """Which rows go by age, as a condition that the index is made for; without one, all."""


def common(on_erasure: str) -> Mapping[str, Place]:
    """The tables of the mechanisms, which every database has.

    What NATS did not take in as many days as a stream keeps it is lost like that stream, and
    loudly; what could not be handled in as many days is given up.
    """
    return {
        "outbox": Place(
            "events on their way",
            on_erasure,
            STREAM,
            "headers payload stream subject",
            aged_by="recorded_at",
            order="id",
        ),
        "parked": Place(
            "events set aside",
            on_erasure,
            STREAM,
            "body consumer msg_id reason subject trace",
            aged_by="parked_at",
            order="id",
        ),
        "heard": Place("ids and versions", NOBODY, None, "kind"),
    }
