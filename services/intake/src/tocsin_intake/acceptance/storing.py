"""Writing complaints together: each once, whatever it repeats."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import outbox
from tocsin_common.database import driver
from tocsin_intake.acceptance import counting, testing
from tocsin_intake.acceptance.counting import Counted
from tocsin_intake.acceptance.service import Accepted, Known, Member, Outcome, Unclaimed
from tocsin_intake.attachments import claims as attachments
from tocsin_intake.media import waiting as media

_CLAIM = """
insert into acceptance (reference, complaint_id)
select * from unnest($1::bytea[], $2::uuid[])
on conflict do nothing returning reference
"""
_KNOWN = """
select a.reference, a.complaint_id as id, c.received_at, c.body_hash,
    c.receipt_hash, c.receipt_used_at is not null as used, e.complaint_id is not null as erased
from acceptance a left join complaint c on c.id = a.complaint_id
left join erasure e on e.complaint_id = a.complaint_id
where a.reference = any($1::bytea[])
"""
_LET_GO = "delete from acceptance where reference = any($1::bytea[])"
_POINT_ELSEWHERE = """
update acceptance set complaint_id = elsewhere.complaint_id
from unnest($1::bytea[], $2::uuid[]) as elsewhere(reference, complaint_id)
where acceptance.reference = elsewhere.reference
"""
_STORE = """
with stored as (
    insert into complaint (id, integration_id, received_at, facts, body_hash, receipt_hash, status)
    select *, 'received' from unnest(
        $1::uuid[], $2::uuid[], $3::timestamptz[], $4::jsonb[], $5::bytea[], $6::bytea[]
    )
), keys as (
    insert into data_key (complaint_id, wrapped) select * from unnest($1::uuid[], $7::bytea[])
)
insert into vault_entry (complaint_id, words, contact)
select * from unnest($1::uuid[], $8::bytea[], $9::bytea[])
"""


async def store_complaints(tx: AsyncConnection, members: Sequence[Member]) -> Sequence[Outcome]:
    """Store and tell what is new; return each member itself, or the complaint it repeats.

    Complaints with a common reference are one complaint, whether they arrive together, in two
    processes at once, or years apart. Of something else under a reference that is taken nothing
    stays: its other references are free for the complaint that it is.
    """
    connection = await driver(tx)
    points_to, known = await _claim_references(connection, members)
    new: dict[UUID, Member] = {}
    stored = dict(points_to)
    outcome: list[Outcome] = []
    for member in members:
        own = member.complaint_id
        free = [one for one in member.references if points_to.get(one, own) == own]
        first = next((points_to[one] for one in member.references if one not in free), own)
        if first == own:
            new[own] = member
            outcome.append(member)
            points_to |= dict.fromkeys(free, own)
            continue
        before = known[first] if first in known else _as_known(new[first])
        outcome.append(before)
        if before.is_said_by(member):
            points_to |= dict.fromkeys(free, first)
        else:
            points_to = {one: at for one, at in points_to.items() if one not in free}
    await _point(connection, stored, points_to)
    accepted = [member for member in new.values() if isinstance(member, Accepted)]
    if short := await attachments.claim(connection, accepted):
        accepted = [member for member in accepted if member.complaint_id not in short]
        outcome = [Unclaimed(i) if (i := one.complaint_id) in short else one for one in outcome]
    if accepted:
        await _store(connection, accepted)
        await media.note(connection, accepted)
        await outbox.record(tx, [member.told for member in accepted if not member.test])
        await testing.mark(connection, [one.complaint_id for one in accepted if one.test])
    if counted := [member for member in new.values() if isinstance(member, Counted)]:
        await counting.count(connection, counted)
    return outcome


async def _claim_references(
    connection: "asyncpg.Connection[asyncpg.Record]", members: Sequence[Member]
) -> tuple[dict[bytes, UUID], dict[UUID, Known]]:
    """Say to which complaint each reference points, and what is known of those stored before.

    References are claimed in key order, so that two processes never wait for each other
    crosswise; one that meets another's claim waits until that has committed.
    """
    points_to: dict[bytes, UUID] = {}
    for member in members:
        for reference in member.references:
            points_to.setdefault(reference, member.complaint_id)
    if not points_to:
        return points_to, {}
    references = sorted(points_to)
    claimed = await connection.fetch(_CLAIM, references, [points_to[one] for one in references])
    if len(claimed) == len(references):
        return points_to, {}
    before = points_to.keys() - {row["reference"] for row in claimed}
    rows = await connection.fetch(_KNOWN, list(before))
    known = {
        row["id"]: Known(
            row["id"],
            row["received_at"],
            row["body_hash"],
            row["receipt_hash"],
            row["used"],
            erased=row["erased"],
        )
        for row in rows
    }
    return points_to | {row["reference"]: row["id"] for row in rows}, known


async def _point(
    connection: "asyncpg.Connection[asyncpg.Record]",
    stored: Mapping[bytes, UUID],
    points_to: Mapping[bytes, UUID],
) -> None:
    """Let references point to where they should by now, or go."""
    if gone := [one for one in stored if one not in points_to]:
        await connection.execute(_LET_GO, gone)
    moved = {one: at for one, at in points_to.items() if stored[one] != at}
    if moved:
        await connection.execute(_POINT_ELSEWHERE, list(moved), list(moved.values()))


async def _store(connection: "asyncpg.Connection[asyncpg.Record]", new: Sequence[Accepted]) -> None:
    await connection.execute(
        _STORE,
        [one.complaint_id for one in new],
        [one.integration_id for one in new],
        [one.event.occurred_at for one in new],
        [one.facts for one in new],
        [one.body_hash for one in new],
        [one.receipt_hash for one in new],
        [one.sealed.wrapped_key for one in new],
        [one.sealed.words for one in new],
        [one.sealed.contact for one in new],
    )


def _as_known(first: Member) -> Known:
    if isinstance(first, Counted):
        return Known(first.complaint_id, None, None, None, receipt_used=False)
    return Known(
        first.complaint_id,
        first.event.occurred_at,
        first.body_hash,
        first.receipt_hash,
        receipt_used=False,
    )
