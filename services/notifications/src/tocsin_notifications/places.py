"""Every place of notifications that holds anything, and how long it stays (protection V10).

Nothing here is about a worker: what a table holds is public bodies' own, or what buyers are told.
A table or column that is not named here fails a test.
"""

from datetime import timedelta

from tocsin_common.places import NOBODY, STREAM, Place, common

YEAR = timedelta(days=365)
ALERT = 5 * YEAR
"""After an alert has ended. Until then it is known who was told of it, for they hear what is
corrected; and as long as the portal shows it."""
NO_ALERT = YEAR
"""A test, a question or a notice; those that were tried go with their last attempt."""
ATTEMPT = YEAR
"""At most; the operator says how long."""

TABLES = {
    **common(NOBODY),
    "acknowledgement": Place("who has seen a change", NOBODY, ALERT, "type"),
    "alert_organisation": Place("whom an alert named", NOBODY, ALERT, "roles"),
    "alert_version": Place(
        "what an alert said",
        NOBODY,
        ALERT,
        "body country issue_group level statement trace type",
    ),
    "attempt": Place("what endpoints answered", NOBODY, ATTEMPT, "excerpt fault"),
    "buyer": Place("a public body", NOBODY, None, "language name time_zone"),
    "buyer_key": Place("keyed hashes of keys", NOBODY, None, "key_hash"),
    "contract_reach": Place("ids", NOBODY, None),
    "delivery": Place("who was told, and when", NOBODY, ALERT, "body purpose state"),
    "endpoint": Place(
        "where a buyer is told, until it says otherwise",
        NOBODY,
        None,
        "address description disabled_reason kind",
    ),
    "preview_view": Place("who was shown what is not verified", NOBODY, 2 * YEAR, aged_by="hour"),
    "reach": Place("ids", NOBODY, None),
    "subscription": Place(
        "what a buyer wants to hear", NOBODY, None, "countries issue_groups name roles timing"
    ),
    "subscription_endpoint": Place("ids", NOBODY, None),
    "subscription_term": Place("conditions of a subscription", NOBODY, None, "term"),
}
STREAMS = {
    "ALERTS": Place("what buyers are told", NOBODY, STREAM),
    "BUYERS": Place("public bodies", NOBODY, STREAM),
    "DELIVERIES": Place("who was told", NOBODY, STREAM),
}
"""What notifications tells and hears; nobody may delete in a stream."""
