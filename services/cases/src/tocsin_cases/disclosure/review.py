"""The monthly review: alerts that what remains would no longer allow are ended (protection D4).

Between reviews a withdrawal, an erasure or less consent changes nothing that buyers see; at the
review the alert ends in the same words as any other, and nobody can tell why.
"""

from datetime import UTC, datetime, time
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.disclosure import facts, rules
from tocsin_cases.disclosure.statement import UNVERIFIED_FOR
from tocsin_cases.disclosure.terms import AT_ONCE, Terms
from tocsin_common.database import driver
from tocsin_contracts.alerts import Level

_LAST_OVER = "select max(slot) from slot_over"
_STANDING = """
select a.id, a.case_id, a.review_by, d.since from alert a
join disclosure d on d.case_id = a.case_id
where a.state = 'active' and not a.end_asked and a.id > $1 order by a.id limit $2
"""
_END = "update alert set end_asked = true where id = any($1::uuid[])"


async def is_due(tx: AsyncConnection, slot: datetime) -> bool:
    """Whether `slot` is the first of its month; one that was missed is made up for in the next."""
    last: datetime | None = await (await driver(tx)).fetchval(_LAST_OVER)
    return last is not None and (last.year, last.month) != (slot.year, slot.month)


async def review(tx: AsyncConnection, terms: Terms) -> None:
    """Ask for the end of every alert that would not be raised by what remains in its case."""
    connection, after = await driver(tx), UUID(int=0)
    while rows := await connection.fetch(_STANDING, after, AT_ONCE):
        after = rows[-1]["id"]
        unfit: list[UUID] = []
        for row in rows:
            raised_on = datetime.combine(row["review_by"], time(), UTC) - UNVERIFIED_FOR
            case = {row["case_id"]: row["since"]}
            told = await facts.contributions(tx, terms.slots, raised_on, case)
            remaining = (one.contribution for one in told.get(row["case_id"], ()))
            if rules.may_tell(remaining) is Level.INTERNAL:
                unfit.append(row["id"])
        await connection.execute(_END, unfit)
