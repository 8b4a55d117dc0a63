"""Informational calls: counted by hotline, month and issue group, and nothing else kept."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg

from tocsin_contracts.ids import new_amber_id
from tocsin_intake.acceptance import pointers

NO_GROUP = "none"

_COUNT = """
insert into call_count (integration_id, month, issue_group, calls)
select * from unnest($1::uuid[], $2::date[], $3::text[], $4::int[])
on conflict (integration_id, month, issue_group) do update
set calls = call_count.calls + excluded.calls
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """An informational call, waiting to be counted with others."""

    complaint_id: UUID
    """Its own; there is no complaint, but a repeat of its reference is answered with the same."""
    references: tuple[bytes, ...]
    integration_id: UUID
    month: date
    issue_group: str
    test: bool = False
    """By a test key: it is answered and not counted."""


def of(
    integration_id: UUID, references: tuple[bytes, ...], issues: Sequence[str], *, test: bool
) -> Counted:
    """Reduce a call to what is counted of it."""
    return Counted(
        complaint_id=new_amber_id(),
        references=references,
        integration_id=integration_id,
        month=datetime.now(UTC).date().replace(day=1),
        issue_group=issues[0].partition(".")[0] if issues else NO_GROUP,
        test=test,
    )


async def count(connection: "asyncpg.Connection[asyncpg.Record]", calls: Sequence[Counted]) -> None:
    """Add calls to the counts, in the order of their keys; their references go in their time."""
    await pointers.expire(connection, [one for call in calls for one in call.references])
    keys = Counter(
        (one.integration_id, one.month, one.issue_group) for one in calls if not one.test
    )
    ordered = sorted(keys.items())
    await connection.execute(
        _COUNT,
        [integration_id for (integration_id, _, _), _ in ordered],
        [month for (_, month, _), _ in ordered],
        [group for (_, _, group), _ in ordered],
        [number for _, number in ordered],
    )
