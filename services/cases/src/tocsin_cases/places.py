"""Every place that holds anything: what erasure does there, and how long it stays (V10).

A table or column that is not named here fails a test. Words are nowhere in this service.
"""

from datetime import timedelta

from tocsin_common.places import NOBODY, STREAM, Place, common

CASEWORK = timedelta(days=5 * 365 + 36)  # unless the operator says otherwise
TOLD = timedelta(days=5 * 365)  # of what buyers and hotlines were told

TABLES = {
    **common("deleted"),
    "alert": Place(
        "what buyers were told", NOBODY, TOLD, "state statement",
        aged_by="slot", only="state = 'ended'",
    ),
    "audit": Place("who moved what: ids", NOBODY, None, "move"),
    "case": Place(
        "severity", "weighed again; deleted if nothing was planned of it", CASEWORK,
        "issue_group key",
    ),
    "case_complaint": Place(
        "hashed sources, or numbers for them", "deleted", CASEWORK,
        "source source_kind sources_before",
    ),
    "complaint": Place(
        "codes, facility text sealed", "deleted", CASEWORK,
        "country issues language match members os_id public_key relation retaliation sealed"
        " share status supplier_contact workers_affected",
    ),
    "disclosure": Place("plans", NOBODY, None),
    "facility": Place(
        "the registry, from imports", NOBODY, None, "address country name os_id plain_name"
    ),
    "intention": Place(
        "what hotlines were told", NOBODY, TOLD, "reason", aged_by="told_at", order="id",
        only="held_until is null or held_until < current_date",
    ),
    "link": Place("the registry, from imports", NOBODY, None, "role"),
    "officer": Place("officers' names", NOBODY, None, "key_hash name"),
    "organisation": Place(
        "the registry, from imports", NOBODY, None, "country lei name plain_name"
    ),
    "proposal": Place("facilities a complaint may be about", "deleted", CASEWORK),
    "slot_over": Place("times", NOBODY, None),
    "standing": Place(
        "what was heard too early", "an id stays, and that it is erased", STREAM,
        "share supplier_contact", aged_by="said_at", only="erased_at is null",
    ),
}  # fmt: skip
STREAMS = {
    "COMPLAINTS": Place("codes, a part sealed to us", "by age; not filed again", STREAM),
    "CASES": Place("replies sealed to the complaint", "its key, at intake", STREAM),
    "REGISTRY": Place("the registry", NOBODY, STREAM),
    "ALERTS": Place("what buyers are told", NOBODY, STREAM),
}
"""What cases tells and hears; nobody may delete in a stream."""
