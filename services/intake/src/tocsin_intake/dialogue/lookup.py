"""Finds what a receipt stands for; a number nobody was given costs the same."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_common.keyed import keyed_hash
from tocsin_contracts.events.complaints import Consent, SupplierContact
from tocsin_intake import receipts
from tocsin_intake.dialogue.consent import Agreement

NOBODY = UUID(int=0)

_LOOK = """
select c.id, c.integration_id, c.received_at, c.status, k.wrapped,
    v.contact is not null as contact_me,
    (select i.contact_key from integration i where i.id = c.integration_id) as contact_key,
    d.consent_version,
    c.facts ->> 'language' as language, coalesce(d.share, c.facts ->> 'share') as share,
    coalesce(d.supplier_contact, c.facts ->> 'supplier_contact') as supplier_contact,
    d.acknowledged_at, d.withdrawn_at, d.own_receipt_hash, d.pin_hash,
    exists (select from test_complaint t where t.complaint_id = c.id) as test,
    (select count(*) from message m where m.complaint_id = c.id) as messages
from (
    select id from complaint where receipt_hash = $1
    union all select complaint_id from dialogue where own_receipt_hash = $1
) as named(id)
join complaint c on c.id = named.id join data_key k on k.complaint_id = c.id
join vault_entry v on v.complaint_id = c.id left join dialogue d on d.complaint_id = c.id
"""
_HOLD = """
select from complaint where id in (
    select id from complaint where receipt_hash = $1
    union all select complaint_id from dialogue where own_receipt_hash = $1
) for no key update
"""
"""A statement of its own: what is read after it is what others have made of it meanwhile."""
_USED = """
update complaint set receipt_used_at = now() where id = $1 and receipt_used_at is null
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a receipt stands for, and how much its bearer may do."""

    complaint_id: UUID
    integration_id: UUID
    received_at: datetime
    status: str
    language: str | None
    agreed: Agreement
    consent_version: int
    acknowledged_at: datetime | None
    withdrawn_at: datetime | None
    messages: int
    wrapped_key: bytes
    contact_key: bytes | None
    """The hotline's own: contacts are sealed to it."""
    own: bool
    """By the number and PIN that no hotline has seen (protection V8)."""
    test: bool
    """Handed in by a test key: nothing of it is ever told."""
    renewed: bool
    """There is such a number."""


async def find(
    tx: AsyncConnection, hash_key: bytes, receipt: str, pin: str | None, *, to_change: bool = True
) -> Found | None:
    """Look a receipt up; one of the two kinds needs its PIN.

    Args:
        tx: the transaction.
        hash_key: under which receipts are known.
        receipt: the number.
        pin: with one's own number.
        to_change: let nobody else change or erase the complaint until the transaction is over.
    """
    connection = await driver(tx)
    digest = receipts.hash_of(hash_key, receipt)
    if to_change:
        await connection.execute(_HOLD, digest)
    query = f"{_LOOK} for key share of k" if to_change else _LOOK
    row = await connection.fetchrow(query, digest)
    own = row is not None and row["own_receipt_hash"] == digest
    shown = pin_hash(hash_key, row["id"] if row else NOBODY, pin or "")
    right = hmac.compare_digest(shown, row["pin_hash"] if row and own else shown)
    await connection.execute(_USED, row["id"] if row and right else NOBODY)
    return _found(row, own=own) if row and right else None


def pin_hash(hash_key: bytes, complaint_id: UUID, pin: str) -> bytes:
    """What is stored of a PIN."""
    return keyed_hash(hash_key, "receipt-pin", complaint_id.bytes, pin)


def _found(row: Any, *, own: bool) -> Found:
    return Found(
        complaint_id=row["id"],
        integration_id=row["integration_id"],
        received_at=row["received_at"],
        status="withdrawn" if row["withdrawn_at"] else row["status"],
        language=row["language"],
        agreed=Agreement(
            Consent(row["share"]),
            SupplierContact(row["supplier_contact"]),
            row["contact_me"],
        ),
        consent_version=row["consent_version"] or 0,
        acknowledged_at=row["acknowledged_at"],
        withdrawn_at=row["withdrawn_at"],
        messages=row["messages"],
        wrapped_key=row["wrapped"],
        contact_key=row["contact_key"],
        own=own,
        test=row["test"],
        renewed=row["own_receipt_hash"] is not None,
    )
