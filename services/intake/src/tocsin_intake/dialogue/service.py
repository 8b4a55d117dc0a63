"""What a worker does with a receipt: reads, writes, changes consent, takes back."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import outbox
from tocsin_common.database import driver
from tocsin_common.keyed import keyed_hash
from tocsin_contracts.events.complaints import (
    Author,
    Consent,
    MessageAdded,
    SupplierContact,
    Withdrawn,
)
from tocsin_contracts.ids import new_amber_id
from tocsin_contracts.vault import OpenedMessage
from tocsin_intake import receipts
from tocsin_intake.dialogue import agreeing, lookup, messages
from tocsin_intake.dialogue.consent import Agreement
from tocsin_intake.dialogue.lookup import NOBODY, Found
from tocsin_intake.dialogue.messages import MOST
from tocsin_intake.erasure import service as erasure
from tocsin_intake.erasure.certificates import Reason
from tocsin_intake.erasure.service import Eraser
from tocsin_intake.vault import Compartment, Contact, Vault
from tocsin_intake.vault.contacts import seal_contact

PIN_DIGITS = 6

_ADD = """
insert into message (id, complaint_id, author, written_at, sealed)
select $1, $2, $3, $4, $5 from data_key k where k.complaint_id = $2 for key share of k
on conflict do nothing
"""
_CONTACT = "update vault_entry set contact = $2 where complaint_id = $1"
_HAS_READ = "delete from reply_due where complaint_id = $1"
_WITHDRAW = """
insert into dialogue as d (complaint_id, consent_version, withdrawn_at) values ($1, 0, $2)
on conflict (complaint_id) do update set withdrawn_at = excluded.withdrawn_at
where d.withdrawn_at is null returning complaint_id
"""
_RENEW = """
insert into dialogue as d (complaint_id, consent_version, own_receipt_hash, pin_hash)
values ($1, 0, $2, $3)
on conflict (complaint_id) do update
    set own_receipt_hash = excluded.own_receipt_hash, pin_hash = excluded.pin_hash
where d.own_receipt_hash is null returning complaint_id
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request by receipt."""

    found: Found | None
    done: bool = False
    needs_own_number: bool = False
    messages: Sequence[OpenedMessage] = ()
    new_receipt: str | None = None
    new_pin: str | None = None
    certificate: str | None = None


@dataclass(frozen=True)
class Counter:
    """Where receipts are shown: what it takes to read them."""

    vault: Vault
    hash_key: bytes
    eraser: Eraser


async def look(tx: AsyncConnection, at: Counter, receipt: str, pin: str | None) -> Outcome:
    """Show where a complaint stands; with one's own number, its messages too.

    Whoever has read them need not be told any more that a message waits.
    """
    found = await lookup.find(tx, at.hash_key, receipt, pin, to_change=False)
    key = (
        at.vault.compartment(found.complaint_id, found.wrapped_key) if found else at.vault.nothing()
    )
    wanted = found.complaint_id if found and found.own else NOBODY
    await (await driver(tx)).execute(_HAS_READ, wanted)
    return Outcome(found, done=found is not None, messages=await messages.all_of(tx, wanted, key))


async def write(
    tx: AsyncConnection, at: Counter, receipt: str, pin: str | None, words: str, ref: str | None
) -> Outcome:
    """Add a message; only with one's own number."""
    found = await lookup.find(tx, at.hash_key, receipt, pin)
    if found is None or not found.own:
        return Outcome(found, needs_own_number=found is not None)
    if found.withdrawn_at or found.messages >= MOST:
        return Outcome(found)
    key = at.vault.compartment(found.complaint_id, found.wrapped_key)
    told = not found.test
    await add_message(tx, at.hash_key, key, Author.WORKER, words, ref, told=told)
    return Outcome(found, done=True)


async def agree(
    tx: AsyncConnection,
    at: Counter,
    receipt: str,
    pin: str | None,
    *,
    share: Consent | None,
    supplier_contact: SupplierContact | None,
    contact_me: bool | None,
    contact: str | None,
) -> Outcome:
    """Change what one agrees to; to more only with one's own number (protection V8)."""
    found = await lookup.find(tx, at.hash_key, receipt, pin)
    stands = await agreeing.standing(tx, found.complaint_id if found else NOBODY)
    if found is None or stands is None:
        return Outcome(None)
    before = stands.agreed
    wanted = Agreement(
        share or before.share,
        supplier_contact or before.supplier_contact,
        before.contact_me if contact_me is None else contact_me,
    )
    if (wanted.widens(before) or contact) and not found.own:
        return Outcome(found, needs_own_number=True)
    if found.withdrawn_at or (wanted.contact_me and not before.contact_me and not contact):
        return Outcome(found)
    if contact and wanted.contact_me:
        key = at.vault.compartment(found.complaint_id, found.wrapped_key)
        sealed = seal_contact(key, Contact(said=contact), found.contact_key)
        await (await driver(tx)).execute(_CONTACT, found.complaint_id, sealed)
    await agreeing.settle(tx, found.complaint_id, wanted, told=not found.test)
    return Outcome(replace(found, agreed=wanted), done=True)


async def withdraw(tx: AsyncConnection, at: Counter, receipt: str, pin: str | None) -> Outcome:
    """Take a complaint back. Doing it again changes nothing."""
    found = await lookup.find(tx, at.hash_key, receipt, pin)
    if found is None:
        return Outcome(None)
    now, connection = datetime.now(UTC), await driver(tx)
    if await connection.fetchval(_WITHDRAW, found.complaint_id, now):
        await connection.execute(agreeing.NO_CONTACT, found.complaint_id)
        withdrawn = Withdrawn(occurred_at=now, complaint_id=found.complaint_id)
        await outbox.record(tx, [] if found.test else [withdrawn])
    return Outcome(replace(found, withdrawn_at=now, status="withdrawn"), done=True)


async def erase(tx: AsyncConnection, at: Counter, receipt: str, pin: str | None) -> Outcome:
    """Erase a complaint for good; only with one's own number."""
    found = await lookup.find(tx, at.hash_key, receipt, pin, to_change=False)
    if found is None or not found.own:
        return Outcome(found, needs_own_number=found is not None)
    now, wanted = datetime.now(UTC), [found.complaint_id]
    done = await erasure.erase(tx, at.eraser, wanted, Reason.ASKED_BY_WORKER, now)
    if not done:
        return Outcome(None)
    certificate = done[found.complaint_id].model_dump_json()
    gone = replace(found, status="erased", messages=0)
    return Outcome(gone, done=True, certificate=certificate)


async def renew(tx: AsyncConnection, at: Counter, receipt: str) -> Outcome:
    """Give a number and PIN that no hotline has seen: once, and shown only now."""
    found = await lookup.find(tx, at.hash_key, receipt, None)
    if found is None or found.own:
        return Outcome(found)
    new_receipt = receipts.new()
    pin = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"
    given = await (await driver(tx)).fetchval(
        _RENEW,
        found.complaint_id,
        receipts.hash_of(at.hash_key, new_receipt),
        lookup.pin_hash(at.hash_key, found.complaint_id, pin),
    )
    if not given:
        return Outcome(found)
    return Outcome(replace(found, renewed=True), True, new_receipt=new_receipt, new_pin=pin)


async def add_message(
    tx: AsyncConnection,
    hash_key: bytes,
    compartment: Compartment,
    author: Author,
    words: str,
    ref: str | None,
    *,
    told: bool = True,
) -> UUID:
    """Store a message sealed, and tell that there is one; the same reference is stored once."""
    now, message_id, complaint_id = datetime.now(UTC), new_amber_id(), compartment.complaint_id
    if ref is not None:
        named = keyed_hash(hash_key, "message", complaint_id.bytes, author, ref)
        message_id = UUID(bytes=named[:16], version=4)
    sealed = compartment.seal(b"message" + message_id.bytes, words)
    stored = await (await driver(tx)).execute(_ADD, message_id, complaint_id, author, now, sealed)
    if told and stored != "INSERT 0 0":
        added = MessageAdded(
            occurred_at=now, message_id=message_id, complaint_id=complaint_id, author=author
        )
        await outbox.record(tx, [added])
    return message_id
