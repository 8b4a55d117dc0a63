"""The dialogue's event edge: officers acknowledge and reply, and a complaint moves on."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import heard
from tocsin_common.database import driver
from tocsin_common.listening import Told
from tocsin_contracts.events.cases import (
    ComplaintAcknowledged,
    ComplaintStatusChanged,
    ReplyWritten,
)
from tocsin_intake.dialogue import status

_ACKNOWLEDGE = """
insert into dialogue as d (complaint_id, consent_version, acknowledged_at)
select told.complaint_id, 0, told.at from unnest($1::uuid[], $2::timestamptz[])
    as told(complaint_id, at)
join data_key k on k.complaint_id = told.complaint_id order by 1 for key share of k
on conflict (complaint_id) do update
    set acknowledged_at = coalesce(d.acknowledged_at, excluded.acknowledged_at)
"""
_REPLY = """
with kept as (
    insert into message (id, complaint_id, author, written_at, sealed)
    select told.id, told.complaint_id, 'officer', told.at, told.sealed
    from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bytea[])
        as told(id, complaint_id, at, sealed)
    join data_key k on k.complaint_id = told.complaint_id order by 1 for key share of k
    on conflict do nothing returning complaint_id, written_at
)
insert into reply_due (complaint_id, integration_id, due_since)
select c.id, c.integration_id, min(kept.written_at)
from kept join complaint c on c.id = kept.complaint_id
join vault_entry v on v.complaint_id = c.id and v.contact is not null
group by c.id order by c.id on conflict do nothing
"""


async def on_status_changed(
    tx: AsyncConnection, told: Sequence[Told[ComplaintStatusChanged]]
) -> None:
    """Show on the receipt where the complaint stands; an older state changes nothing."""
    if fresh := await heard.newest(tx, told):
        await status.show_on_receipts(tx, fresh)


async def on_acknowledged(tx: AsyncConnection, told: Sequence[Told[ComplaintAcknowledged]]) -> None:
    """Let the receipt say that somebody has taken note."""
    events = sorted((one.event for one in await heard.newest(tx, told)), key=_complaint_id)
    await (await driver(tx)).execute(
        _ACKNOWLEDGE,
        [event.complaint_id for event in events],
        [event.occurred_at for event in events],
    )


async def on_replies_written(tx: AsyncConnection, told: Sequence[Told[ReplyWritten]]) -> None:
    """Keep replies as they came: sealed. Whoever agreed to be contacted will hear of it."""
    events = [one.event for one in await heard.newest(tx, told)]
    await (await driver(tx)).execute(
        _REPLY,
        [event.reply_id for event in events],
        [event.complaint_id for event in events],
        [event.occurred_at for event in events],
        [event.sealed for event in events],
    )


def _complaint_id(event: ComplaintAcknowledged) -> UUID:
    return event.complaint_id
