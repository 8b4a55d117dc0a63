"""Erases complaints: keys, words and all that was kept of them, in one transaction."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import outbox
from tocsin_common.database import driver
from tocsin_common.signatures import Signer
from tocsin_contracts.events.complaints import Erased
from tocsin_intake.acceptance import pointers
from tocsin_intake.erasure import ledger
from tocsin_intake.erasure.certificates import Certificate, Reason, certify

AT_ONCE = 200  # complaints erased in one transaction

_FOUND = """
select c.id, c.integration_id, date_trunc('month', c.received_at)::date as month,
    coalesce(split_part(c.facts #>> '{issues,0}', '.', 1), 'none') as issue_group,
    t.complaint_id is not null as test
from complaint c left join test_complaint t on t.complaint_id = c.id
where c.id = any($1::uuid[]) order by c.id for update of c
"""
_COUNT = """
insert into erased_count as known (integration_id, month, issue_group, complaints)
select * from unnest($1::uuid[], $2::date[], $3::text[], $4::int[])
on conflict (integration_id, month, issue_group)
do update set complaints = known.complaints + excluded.complaints
"""
_DESTROY = (
    """
    delete from data_key where complaint_id in (
        select id from attachment where complaint_id = any($1::uuid[])
    )
    """,
    """
    update attachment set complaint_id = null, expires_at = now()
    where complaint_id = any($1::uuid[])
    """,
    "delete from data_key where complaint_id = any($1::uuid[])",
    "delete from vault_entry where complaint_id = any($1::uuid[])",
    "delete from sent_along where complaint_id = any($1::uuid[])",
    "delete from message where complaint_id = any($1::uuid[])",
    "delete from dialogue where complaint_id = any($1::uuid[])",
    "delete from reply_due where complaint_id = any($1::uuid[])",
    "delete from test_complaint where complaint_id = any($1::uuid[])",
    "delete from complaint where id = any($1::uuid[])",
)
_FORGET_EVENTS = (
    """
    delete from outbox
    where convert_from(payload, 'UTF8')::json ->> 'complaint_id' = any($1::text[])
    """,
    """
    delete from parked where exists (
        select from unnest($1::text[]) as gone(id)
        where position(convert_to(gone.id, 'UTF8') in parked.body) > 0
    )
    """,
)
_KEEP = """
insert into erasure (complaint_id, erased_at, reason, certificate, signature, test)
select id, $2, $3, certificate, signature, test
from unnest($1::uuid[], $4::text[], $5::bytea[], $6::bool[])
    as done(id, certificate, signature, test)
on conflict (complaint_id) do update set scrubbed_at = null
"""
# Each integration keeps its complaints for as long as it wants, so each is asked for its oldest.
_EXPIRED = """
select oldest.id from integration i cross join lateral (
    select c.id, c.received_at from complaint c
    where c.integration_id = i.id
        and c.received_at < $1::timestamptz - make_interval(days => coalesce(i.retention_days, $2))
        and not exists (select from test_complaint t where t.complaint_id = c.id)
    order by c.received_at limit $3
) as oldest
order by oldest.received_at limit $3
"""


@dataclass(frozen=True)
class Eraser:
    """What it takes to erase: who certifies it, and where it is remembered."""

    signer: Signer
    backup_days: int
    ledger: Path | None = None


async def erase(
    tx: AsyncConnection,
    eraser: Eraser,
    complaint_ids: Iterable[UUID],
    reason: Reason,
    now: datetime,
) -> Mapping[UUID, Certificate]:
    """Erase complaints; return a certificate for each that was there.

    The ledger knows of it before the database does: what breaks off in between is done at the
    next start.
    """
    connection, wanted = await driver(tx), sorted(complaint_ids)
    found = await connection.fetch(_FOUND, wanted)
    ids = [row["id"] for row in found]
    if not ids:
        return {}
    if eraser.ledger is not None:
        await asyncio.to_thread(ledger.append, eraser.ledger, ids)
    await _count(connection, [row for row in found if not row["test"]])
    for statement in _DESTROY:
        await connection.execute(statement, ids)
    await pointers.expire_those_of(connection, ids)
    for statement in _FORGET_EVENTS:
        await connection.execute(statement, [str(one) for one in ids])
    certificates = {one: certify(one, reason, now, eraser.backup_days) for one in ids}
    texts = [one.model_dump_json() for one in certificates.values()]
    signatures = [eraser.signer.sign(one) for one in texts]
    tests = [row["test"] for row in found]
    await connection.execute(_KEEP, ids, now, reason, texts, signatures, tests)
    told = [Erased(complaint_id=row["id"], occurred_at=now) for row in found if not row["test"]]
    await outbox.record(tx, told)
    return certificates


async def erase_expired(tx: AsyncConnection, eraser: Eraser, now: datetime, days: int) -> int:
    """Erase some of what is older than its integration keeps; return how many."""
    connection = await driver(tx)
    rows = await connection.fetch(_EXPIRED, now, days, AT_ONCE)
    done = await erase(tx, eraser, [row["id"] for row in rows], Reason.RETENTION, now)
    return len(done)


async def replay(tx: AsyncConnection, eraser: Eraser, complaint_ids: Sequence[UUID]) -> int:
    """Erase again what a backup brought back; return how many were there."""
    there = await erase(tx, eraser, complaint_ids, Reason.REPLAYED, datetime.now(UTC))
    return len(there)


async def _count(
    connection: "asyncpg.Connection[asyncpg.Record]", found: Sequence[asyncpg.Record]
) -> None:
    counted = Counter((row["integration_id"], row["month"], row["issue_group"]) for row in found)
    keys = sorted(counted)
    await connection.execute(
        _COUNT,
        [one for one, _, _ in keys],
        [month for _, month, _ in keys],
        [group for _, _, group in keys],
        [counted[key] for key in keys],
    )
