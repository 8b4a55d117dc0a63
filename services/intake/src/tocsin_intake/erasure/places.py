"""Every place that holds anything: what erasure does there, and how long it stays (V10).

A table that is not named here fails a test.
"""

from dataclasses import dataclass
from datetime import timedelta

from tocsin_intake.erasure.certificates import STREAM_DAYS

RETENTION = timedelta(days=5 * 365)  # unless an integration or the operator says less
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """One table, stream or folder."""

    holds: str
    on_erasure: str
    """What happens there; `nothing` only where nothing is about a person."""
    longest: timedelta | None
    """How long something stays; `None`: for ever, and nothing in it is about a person."""


NOBODY = "nothing"
TABLES = {
    "acceptance": Place("keyed hashes of references", "kept: nothing comes back", RETENTION),
    "attachment": Place(
        "sealed evidence", "keys destroyed at once, bytes by the job that drops", RETENTION
    ),
    "call_count": Place("numbers", NOBODY, None),
    "complaint": Place("codes, keyed hashes", "deleted", RETENTION),
    "data_key": Place("wrapped data keys", "deleted", RETENTION),
    "dialogue": Place("consent, keyed hashes", "deleted", RETENTION),
    "erased_count": Place("numbers", NOBODY, None),
    "erasure": Place("an id and a certificate", NOBODY, None),
    "heard": Place("ids and versions", NOBODY, None),
    "integration": Place("a hotline", NOBODY, None),
    "integration_key": Place("keyed hashes of keys", NOBODY, None),
    "intention": Place("what buyers would see", NOBODY, None),
    "message": Place("sealed words", "deleted", RETENTION),
    "officer": Place("keyed hashes of keys", NOBODY, None),
    "opening": Place("who opened what: ids and codes", NOBODY, None),
    "outbox": Place("events on their way", "deleted", A_DAY),
    "parked": Place("events set aside", "deleted", timedelta(days=STREAM_DAYS)),
    "quarantined": Place("sealed payloads nobody could read", "goes by age", timedelta(days=30)),
    "reconciliation": Place("times and numbers of a form's server", NOBODY, None),
    "reply_due": Place("ids", "deleted", RETENTION),
    "test_complaint": Place("ids", "deleted", A_DAY),
    "vault_entry": Place("sealed words and contact", "deleted", RETENTION),
    "worker_page": Place("a hotline's host names", NOBODY, None),
}
STREAMS = {
    "COMPLAINTS": Place("codes, a part sealed to cases", "by age", timedelta(days=STREAM_DAYS)),
    "CASES": Place("replies sealed to the complaint", "its key", timedelta(days=STREAM_DAYS)),
}
"""What intake tells and hears; nobody may delete in a stream."""
