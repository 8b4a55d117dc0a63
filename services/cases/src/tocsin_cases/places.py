"""Every place that holds anything: what erasure does there, and how long it stays (V10).

A table that is not named here fails a test. Words are nowhere in this service.
"""

from dataclasses import dataclass
from datetime import timedelta

CASEWORK = timedelta(days=5 * 365)  # as long as intake keeps a complaint; its erasure is heard here
STREAM = timedelta(days=35)
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """One table or stream."""

    holds: str
    on_erasure: str
    """What happens there; `nothing` only where nothing is about a person."""
    longest: timedelta | None
    """How long something stays; `None`: for ever, and nothing in it is about a person."""


NOBODY = "nothing"
TABLES = {
    "alert": Place("what buyers were told", NOBODY, None),
    "audit": Place("who moved what: ids", NOBODY, None),
    "case": Place("severity", "weighed again; deleted if nothing was planned of it", CASEWORK),
    "case_complaint": Place("hashed sources", "deleted", CASEWORK),
    "complaint": Place("codes, facility text sealed", "deleted", CASEWORK),
    "disclosure": Place("plans", NOBODY, None),
    "facility": Place("the registry, from imports", NOBODY, None),
    "heard": Place("ids and versions", NOBODY, None),
    "intention": Place("what hotlines were told", NOBODY, None),
    "link": Place("the registry, from imports", NOBODY, None),
    "officer": Place("officers' names", NOBODY, None),
    "organisation": Place("the registry, from imports", NOBODY, None),
    "outbox": Place("events on their way", "by age", A_DAY),
    "parked": Place("events set aside", "deleted", STREAM),
    "proposal": Place("facilities a complaint may be about", "deleted", CASEWORK),
    "slot_over": Place("times", NOBODY, None),
    "standing": Place("an id, and that it must stay erased", NOBODY, None),
}
STREAMS = {
    "COMPLAINTS": Place("codes, a part sealed to us", "by age; not filed again", STREAM),
    "CASES": Place("replies sealed to the complaint", "its key, at intake", STREAM),
    "REGISTRY": Place("the registry", NOBODY, None),
    "ALERTS": Place("what buyers are told", NOBODY, None),
    "BUYERS": Place("public bodies", NOBODY, None),
}
"""What cases tells and hears; nobody may delete in a stream."""
