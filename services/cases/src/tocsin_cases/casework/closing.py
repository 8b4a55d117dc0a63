"""When a complaint is closed, what stood for its source is deleted, and how many there were stays.

Buyers are not told otherwise because work on a complaint is over, so its source goes on counting:
by a number within the case, from which nothing of a handle can be learnt (protection V4, D2).
"""

from collections import defaultdict
from itertools import count
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.casework.sources import one_for_each
from tocsin_common.database import driver

_CASES = """
select id from "case" where id in (
    select case_id from case_complaint where complaint_id = $1
) order by facility_id, issue_group for update
"""
_NOT_NUMBERED = """
select case_id, complaint_id, source_kind, source, sources_before from case_complaint
where case_id = any($1::uuid[]) and source is not null and counted_source is null
"""
_LAST_KIND = """
select case_id, max(counted_kind) as last from case_complaint
where case_id = any($1::uuid[]) and counted_kind is not null group by case_id
"""
_NUMBER = """
update case_complaint set counted_kind = numbered.kind, counted_source = numbered.source
from unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[])
    as numbered(case_id, complaint_id, kind, source)
where case_complaint.case_id = numbered.case_id
    and case_complaint.complaint_id = numbered.complaint_id
"""
_FORGET = """
update case_complaint set source = null, source_kind = null, sources_before = null
where complaint_id = $1
"""


async def forget_source(tx: AsyncConnection, complaint_id: UUID) -> None:
    """Delete what stands for a complaint's source in its cases, once all there are numbered."""
    connection = await driver(tx)
    cases = [row["id"] for row in await connection.fetch(_CASES, complaint_id)]
    rows = await connection.fetch(_NOT_NUMBERED, cases)
    last = {row["case_id"]: row["last"] for row in await connection.fetch(_LAST_KIND, cases)}
    numbered = _numbered(rows, last)
    await connection.execute(
        _NUMBER,
        [row["case_id"] for row in rows],
        [row["complaint_id"] for row in rows],
        [kind for kind, _ in numbered],
        [source for _, source in numbered],
    )
    await connection.execute(_FORGET, complaint_id)


def _numbered(rows: list[asyncpg.Record], last: dict[UUID, int]) -> list[tuple[int, int]]:
    """Number kinds within their case, after the last one, and sources within their kind.

    In the order of their hashes: that is no order anybody chose.
    """
    same = one_for_each((row["source"], row["sources_before"]) for row in rows)
    named = [
        (row["case_id"], row["source_kind"], same.get(row["source"], row["source"])) for row in rows
    ]
    kinds: dict[tuple[UUID, bytes], int] = {}
    sources: dict[tuple[UUID, bytes, bytes], int] = {}
    next_kind = {case_id: count(last.get(case_id, 0) + 1) for case_id, _, _ in named}
    next_source: defaultdict[tuple[UUID, bytes], count[int]] = defaultdict(lambda: count(1))
    for case_id, kind, source in sorted(set(named)):
        kinds.setdefault((case_id, kind), 0)
        if not kinds[case_id, kind]:
            kinds[case_id, kind] = next(next_kind[case_id])
        sources[case_id, kind, source] = next(next_source[case_id, kind])
    return [(kinds[case_id, kind], sources[case_id, kind, one]) for case_id, kind, one in named]
