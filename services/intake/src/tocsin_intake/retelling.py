"""What intake can tell again. What was erased is told as erased, a test complaint never.

Of a closed complaint nothing is told from which it could be filed anew: what stood for its source
is gone from cases for good (protection V4).
"""

import json
import logging
from datetime import UTC, datetime
from functools import partial
from typing import Any

from asyncpg import Record

from tocsin_common.retelling import Chapter
from tocsin_common.sealing import Unreadable
from tocsin_contracts.events.complaints import (
    Author,
    ComplaintReceived,
    Consent,
    ConsentChanged,
    DisclosureHeld,
    Erased,
    MessageAdded,
    SupplierContact,
    Withdrawn,
)
from tocsin_intake.disclosures.schemas import HoldReason
from tocsin_intake.vault import Vault

log = logging.getLogger("tocsin.retelling")

FEW = 100  # complaints at once: each is opened and sealed
_REAL = "not exists (select from test_complaint t where t.complaint_id = c.id)"
_NOT_ERASED_MEANWHILE = "key share of c"
_DIALOGUE = "dialogue d join complaint c on c.id = d.complaint_id"


def chapters(vault: Vault) -> list[Chapter]:
    """What is told, in this order: what narrows before what it narrows."""
    return [
        Chapter("erasures", "erased_at", "erasure", _erased, id="complaint_id", only="not test"),
        Chapter(
            "withdrawals",
            "d.withdrawn_at",
            _DIALOGUE,
            _withdrawn,
            id="c.id",
            only=f"d.withdrawn_at is not null and {_REAL}",
            lock=_NOT_ERASED_MEANWHILE,
        ),
        Chapter(
            "consents",
            "d.consent_version, d.share, d.supplier_contact",
            _DIALOGUE,
            _consent,
            id="c.id",
            only=f"d.consent_version > 0 and {_REAL}",
            lock=_NOT_ERASED_MEANWHILE,
        ),
        Chapter(
            "complaints",
            "c.integration_id, c.received_at, c.facts::text as facts, k.wrapped, v.words,"
            " d.share, d.supplier_contact, d.withdrawn_at",
            "complaint c join data_key k on k.complaint_id = c.id"
            " join vault_entry v on v.complaint_id = c.id"
            " left join dialogue d on d.complaint_id = c.id",
            partial(_complaint, vault),
            id="c.id",
            only=f"c.status <> 'closed' and {_REAL}",
            lock=_NOT_ERASED_MEANWHILE,
            at_once=FEW,
        ),
        Chapter(
            "messages",
            "m.complaint_id, m.author, m.written_at",
            "message m join complaint c on c.id = m.complaint_id",
            _message,
            id="m.id",
            only=f"m.author <> 'officer' and {_REAL}",
            lock=_NOT_ERASED_MEANWHILE,
        ),
        Chapter(
            "holds",
            "integration_id, holds, held_until, reason",
            "intention",
            _hold,
            only="holds > 0 and (held_until is null or held_until >= current_date)",
        ),
    ]


def _erased(row: Record) -> Erased:
    return Erased(occurred_at=row["erased_at"], complaint_id=row["id"])


def _withdrawn(row: Record) -> Withdrawn:
    return Withdrawn(occurred_at=row["withdrawn_at"], complaint_id=row["id"])


def _consent(row: Record) -> ConsentChanged:
    """Since nobody stores when it was said, it counts from now on, never from before it was."""
    return ConsentChanged(
        occurred_at=datetime.now(UTC),
        version=row["consent_version"],
        complaint_id=row["id"],
        share=Consent(row["share"]),
        supplier_contact=SupplierContact(row["supplier_contact"]),
    )


def _complaint(vault: Vault, row: Record) -> ComplaintReceived | None:
    """The complaint as it came, but with no more consent than there is, and no source it lost."""
    withdrawn = row["withdrawn_at"] is not None
    try:
        sealed, public_key = vault.seal_again(
            row["id"], row["wrapped"], row["words"], with_source=not withdrawn
        )
    except Unreadable:
        log.error("a complaint cannot be told again: no key that is known here opens it")  # noqa: TRY400
        return None
    facts: dict[str, Any] = json.loads(row["facts"])
    said = Consent(facts["share"]), SupplierContact(facts["supplier_contact"])
    share, contact = _narrower(said, row, withdrawn=withdrawn)
    return ComplaintReceived.model_validate(
        facts
        | {
            "occurred_at": row["received_at"],
            "complaint_id": row["id"],
            "integration_id": row["integration_id"],
            "share": share,
            "supplier_contact": contact,
            "sealed": sealed,
            "public_key": public_key,
        }
    )


_SHARING = (Consent.REFUSED, Consent.NOT_ASKED, Consent.GIVEN)
_CONTACT = (
    SupplierContact.NEVER,
    SupplierContact.GENERIC_ENQUIRY,
    SupplierContact.ABOUT_COMPLAINT,
)
"""Least first."""


def _narrower(
    said: tuple[Consent, SupplierContact], row: Record, *, withdrawn: bool
) -> tuple[Consent, SupplierContact]:
    """Less consent counts at once, also where the complaint is heard before its change.

    More does not: since when it counts is told by the change alone (protection D3).
    """
    if withdrawn:
        return Consent.REFUSED, SupplierContact.NEVER
    share, contact = said
    if row["share"]:
        share = min(share, Consent(row["share"]), key=_SHARING.index)
    if row["supplier_contact"]:
        contact = min(contact, SupplierContact(row["supplier_contact"]), key=_CONTACT.index)
    return share, contact


def _message(row: Record) -> MessageAdded:
    return MessageAdded(
        occurred_at=row["written_at"],
        message_id=row["id"],
        complaint_id=row["complaint_id"],
        author=Author(row["author"]),
    )


def _hold(row: Record) -> DisclosureHeld:
    """A hold, or that it was lifted; why it was lifted is not stored."""
    return DisclosureHeld(
        occurred_at=datetime.now(UTC),
        version=row["holds"],
        intention_id=row["id"],
        integration_id=row["integration_id"],
        reason=row["reason"] or HoldReason.OTHER,
        held_until=row["held_until"],
    )
