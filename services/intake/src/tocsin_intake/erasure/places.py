"""Every place that holds anything: what erasure does there, and how long it stays (V10).

A table or column that is not named here fails a test.
"""

from datetime import timedelta

from tocsin_common.places import NOBODY, STREAM, Place, common
from tocsin_intake.acceptance import pointers, testing
from tocsin_intake.quarantine import service as quarantine

RETENTION = timedelta(days=5 * 365)  # unless an integration or the operator says less
TOLD = timedelta(days=2 * 365)

TABLES = {
    **common("deleted"),
    "acceptance": Place(
        "keyed hashes of references", "kept a while: nothing comes back",
        RETENTION + pointers.KEPT, "reference",
    ),
    "attachment": Place(
        "sealed evidence", "keys destroyed at once, bytes by the job that drops", RETENTION,
        "digest media_type named",
    ),
    "call_count": Place("numbers", NOBODY, None, "issue_group"),
    "complaint": Place(
        "codes, keyed hashes", "deleted", RETENTION, "body_hash facts receipt_hash status"
    ),
    "data_key": Place("wrapped data keys", "deleted", RETENTION, "wrapped"),
    "dialogue": Place(
        "consent, keyed hashes", "deleted", RETENTION,
        "own_receipt_hash pin_hash share supplier_contact",
    ),
    "erased_count": Place("numbers", NOBODY, None, "issue_group"),
    "erasure": Place("an id and a certificate", NOBODY, None, "certificate reason signature"),
    "integration": Place(
        "a hotline", NOBODY, None,
        "adapter contact_key defaults name sealed_notices sealed_secrets",
    ),
    "integration_key": Place("keyed hashes of keys", NOBODY, None, "key_hash scopes"),
    "intention": Place(
        "what buyers would see", NOBODY, TOLD,
        "country issue_group level organisation_names reason", aged_by="told_at", order="id",
        only="held_until is null or held_until < current_date",
    ),
    "message": Place("sealed words", "deleted", RETENTION, "author sealed"),
    "officer": Place("keyed hashes of keys", NOBODY, None, "key_hash"),
    "opening": Place("who opened what: ids and codes", NOBODY, None, "hash reason"),
    "quarantined": Place(
        "sealed payloads nobody could read", "goes by age", quarantine.KEPT,
        "adapter digest reason sealed",
    ),
    "reconciliation": Place("times and numbers of a form's server", NOBODY, None),
    "reply_due": Place("ids and codes", "deleted", RETENTION, "reason state"),
    "sent_along": Place(
        "where evidence lies, sealed", "deleted", RETENTION, "kind named reason sealed state"
    ),
    "test_complaint": Place("ids", "deleted", testing.KEPT),
    "vault_entry": Place("sealed words and contact", "deleted", RETENTION, "contact words"),
    "worker_page": Place("a hotline's host names", NOBODY, None, "host leave_to name names"),
}  # fmt: skip
STREAMS = {
    "COMPLAINTS": Place("codes, a part sealed to cases", "by age", STREAM),
    "CASES": Place("replies sealed to the complaint", "its key", STREAM),
}
"""What intake tells and hears; nobody may delete in a stream."""
FILES = {
    "attachments": Place("sealed evidence", "its key at once, bytes by the job", RETENTION),
    "erasure ledger": Place("ids of what is erased", NOBODY, None),
}
