"""What a source agrees to, read and changed under a lock: no change undoes another at once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import outbox
from tocsin_common.database import driver
from tocsin_contracts.events.complaints import Consent, ConsentChanged, SupplierContact
from tocsin_intake.dialogue.consent import Agreement

_LOCK = "select from data_key where complaint_id = $1 for no key update"
_STANDS = """
select coalesce(d.share, c.facts ->> 'share') as share,
    coalesce(d.supplier_contact, c.facts ->> 'supplier_contact') as supplier_contact,
    v.contact is not null as contact_me, coalesce(d.consent_version, 0) as version
from complaint c join vault_entry v on v.complaint_id = c.id
left join dialogue d on d.complaint_id = c.id where c.id = $1
"""
_AGREE = """
insert into dialogue as d (complaint_id, consent_version, share, supplier_contact)
values ($1, 1, $2, $3)
on conflict (complaint_id) do update set consent_version = d.consent_version + 1,
    share = excluded.share, supplier_contact = excluded.supplier_contact
returning consent_version
"""
NO_CONTACT = """
with forgotten as (update vault_entry set contact = null where complaint_id = $1)
delete from reply_due where complaint_id = $1
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is agreed to now."""

    agreed: Agreement
    version: int
    """0: as it was said with the complaint."""


async def standing(tx: AsyncConnection, complaint_id: UUID) -> Standing | None:
    """Say what is agreed to; until the transaction is over, nobody else changes or erases it.

    Returns `None` where there is no such complaint; that costs the same.
    """
    connection = await driver(tx)
    await connection.execute(_LOCK, complaint_id)
    row = await connection.fetchrow(_STANDS, complaint_id)
    if row is None:
        return None
    agreed = Agreement(
        Consent(row["share"]), SupplierContact(row["supplier_contact"]), row["contact_me"]
    )
    return Standing(agreed, row["version"])


async def settle(tx: AsyncConnection, complaint_id: UUID, agreed: Agreement, *, told: bool) -> None:
    """Store what is agreed to from now on, and tell it; a contact goes where it is not wanted."""
    connection = await driver(tx)
    if not agreed.contact_me:
        await connection.execute(NO_CONTACT, complaint_id)
    version = await connection.fetchval(_AGREE, complaint_id, agreed.share, agreed.supplier_contact)
    changed = ConsentChanged(
        version=version,
        occurred_at=datetime.now(UTC),
        complaint_id=complaint_id,
        share=agreed.share,
        supplier_contact=agreed.supplier_contact,
    )
    await outbox.record(tx, [changed] if told else [])
