"""Every place of the portal that holds anything, and how long it stays (protection V10).

Nothing here is about a worker: what a table holds is public bodies' own, or what buyers are told.
A table or column that is not named here fails a test.
"""

from datetime import timedelta

from tocsin_common.places import NOBODY, STREAM, Place, common

YEAR = timedelta(days=365)
ALERT = 5 * YEAR  # after its last slot: as long as a buyer answers for a contract

TABLES = {
    **common(NOBODY),
    "alert": Place("what is told", NOBODY, ALERT, "country issue_group level state"),
    "alert_organisation": Place("whom an alert named", NOBODY, ALERT),
    "alert_version": Place("what an alert said", NOBODY, ALERT, "level statement"),
    "buyer": Place("a public body", NOBODY, None, "country language name time_zone"),
    "buyer_key": Place("keyed hashes of keys", NOBODY, None, "key_hash"),
    "contract": Place("a buyer's own references", NOBODY, None, "reference"),
    "contract_reach": Place("ids", NOBODY, None),
    "delivery": Place("who was told, and when", NOBODY, 2 * YEAR, aged_by="settled_at"),
    "facility": Place("the registry", NOBODY, None, "country name os_id"),
    "link": Place("the registry", NOBODY, None, "role"),
    "organisation": Place("the registry", NOBODY, None, "country lei name"),
    "reach": Place("ids", NOBODY, None),
    "view": Place("who was shown what is not verified", NOBODY, 2 * YEAR, aged_by="hour"),
}
STREAMS = {
    "ALERTS": Place("what buyers are told", NOBODY, STREAM),
    "REGISTRY": Place("the registry", NOBODY, STREAM),
    "BUYERS": Place("public bodies", NOBODY, STREAM),
    "DELIVERIES": Place("who was told", NOBODY, STREAM),
}
"""What the portal tells and hears; nobody may delete in a stream."""
