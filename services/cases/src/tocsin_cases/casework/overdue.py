"""Measures the deadlines that were missed, so that somebody is told of them."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.casework.clocks import (
    ACKNOWLEDGE_WITHIN,
    DANGER_WITHIN,
    FEEDBACK_WITHIN,
    RETALIATION_WITHIN,
)
from tocsin_cases.officers.audit import Move
from tocsin_common.database import Database, driver
from tocsin_common.rounds import Rounds
from tocsin_common.telemetry import gauge

MEASURE = 60.0  # seconds between measurements

missed = gauge("clocks_missed", "Complaints past a deadline, by which one", ["clock"])

_UNANSWERED = """
select
    count(*) filter (where received_at < $1) as acknowledge,
    count(*) filter (where immediate_danger and assigned_at is null and received_at < $2)
        as danger,
    count(*) filter (where retaliation <> 'none' and assigned_at is null and received_at < $3)
        as retaliation
from complaint where acknowledged_at is null and withdrawn_at is null and status <> 'closed'
"""
_WITHOUT_FEEDBACK = """
select count(*) from complaint
where acknowledged_at < $1 and withdrawn_at is null and status <> 'closed' and not exists (
    select from audit where audit.subject_id = complaint.id and audit.move = any($2::text[])
)
"""
FEEDBACK = (Move.REPLY_WRITTEN, Move.COMPLAINT_STATUS_SET)


async def overdue(tx: AsyncConnection, now: datetime) -> dict[str, int]:
    """How many complaints are past each deadline.

    `acknowledge`: nobody has taken note; `feedback`: nobody has told how it goes; `danger` and
    `retaliation`: nobody has taken it on, or taken note.
    """
    connection = await driver(tx)
    limits = (ACKNOWLEDGE_WITHIN, DANGER_WITHIN, RETALIATION_WITHIN)
    row = await connection.fetchrow(_UNANSWERED, *(now - limit for limit in limits))
    waiting = await connection.fetchval(_WITHOUT_FEEDBACK, now - FEEDBACK_WITHIN, FEEDBACK)
    return {**(row or {}), "feedback": waiting}


class Overdue:
    """Looks once a minute, in every process that works."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def running(self) -> AbstractAsyncContextManager[None]:
        """Measure until the block ends."""
        return Rounds("overdue", self._measure, every=MEASURE).running()

    async def _measure(self) -> None:
        async with self._database.begin() as tx:
            found = await overdue(tx, datetime.now(UTC))
        for clock, complaints in found.items():
            missed.labels(clock).set(complaints)
