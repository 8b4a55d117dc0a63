"""What became of complaints that are not here: news may come before the complaint itself.

Each fact has a durable of its own, so a withdrawal can be heard before what it withdraws. It is
kept until then; of what was erased it is kept for ever that it must not be filed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.casework import consent
from tocsin_cases.casework.models import Standing
from tocsin_cases.casework.service import Arrived
from tocsin_common.database import driver
from tocsin_contracts.events.complaints import Consent, SupplierContact

FILING = 7_463_241_905_141  # the advisory lock between filing and news of what is not filed

_FILING = "select pg_advisory_xact_lock_shared($1)"
_NEWS = "select pg_advisory_xact_lock($1)"
_STANDING = "select * from standing where complaint_id = any($1::uuid[])"
_ADD_MESSAGES = """
insert into standing (complaint_id, said_at, messages)
select * from unnest($1::uuid[], $2::timestamptz[], $3::int[])
on conflict (complaint_id) do update set messages = standing.messages + excluded.messages
where standing.erased_at is null
"""
_FILED = "delete from standing where complaint_id = any($1::uuid[])"


async def as_they_stand(tx: AsyncConnection, arrived: Sequence[Arrived]) -> list[Arrived]:
    """Return complaints as what was heard of them before makes them; without the erased ones."""
    connection = await driver(tx)
    await connection.execute(_FILING, FILING)
    rows = await connection.fetch(_STANDING, [one.event.complaint_id for one in arrived])
    if not rows:
        return list(arrived)
    known = {row["complaint_id"]: row for row in rows}
    erased = {complaint_id for complaint_id, row in known.items() if row["erased_at"]}
    await connection.execute(_FILED, [one for one in known if one not in erased])
    return [
        _overlaid(one, known.get(one.event.complaint_id))
        for one in arrived
        if one.event.complaint_id not in erased
    ]


async def hold(tx: AsyncConnection) -> None:
    """Let nothing be filed until this transaction is over."""
    await (await driver(tx)).execute(_NEWS, FILING)


async def keep(tx: AsyncConnection, complaint_ids: Sequence[UUID], **news: Any) -> None:
    """Keep what was heard of complaints that are not here; the caller holds filing."""
    if not complaint_ids:
        return
    rows = [{"complaint_id": one, **news} for one in complaint_ids]
    statement = insert(Standing).values(rows)
    await tx.execute(statement.on_conflict_do_update(index_elements=["complaint_id"], set_=news))


async def add_messages(tx: AsyncConnection, added: Mapping[UUID, int], said_at: datetime) -> None:
    """Count words that were added to complaints that are not here; the caller holds filing."""
    ids = sorted(added)
    await (await driver(tx)).execute(
        _ADD_MESSAGES, ids, [said_at for _ in ids], [added[one] for one in ids]
    )


def _overlaid(one: Arrived, known: Any) -> Arrived:
    if known is None:
        return one
    withdrawn_at: datetime | None = known["withdrawn_at"]
    changes: dict[str, Any] = {}
    since: dict[str, datetime] = {}
    if known["share"]:
        share = changes["share"] = Consent(known["share"])
        since = consent.widened(one.event.share, share, known["said_at"])
    if known["supplier_contact"]:
        changes["supplier_contact"] = SupplierContact(known["supplier_contact"])
    if withdrawn_at:
        changes |= {"share": Consent.REFUSED, "supplier_contact": SupplierContact.NEVER}
    return replace(
        one,
        event=one.event.model_copy(update=changes),
        withdrawn_at=withdrawn_at,
        messages=known["messages"],
        **since,
    )
