"""What case officers look at: complaints that wait for a person, and cases."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import asyncpg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_cases.casework.models import CaseComplaint, Complaint, Proposal
from tocsin_cases.casework.schemas import (
    CaseFacility,
    CaseOpened,
    CaseShown,
    ComplaintShown,
    SeverityShown,
    WaitingComplaint,
)
from tocsin_cases.casework.sealed_part import opened
from tocsin_cases.casework.severity import Severity
from tocsin_cases.registry import lookup
from tocsin_cases.registry.matching import Match
from tocsin_common.database import driver
from tocsin_common.problems import NotFound
from tocsin_common.sealing import Box

COMPLAINTS_SHOWN = 500  # the newest of a case; a list of all in pages comes before more are shown

_CASES = """
select c.id as case_id, c.facility_id, f.os_id, f.name, f.country, c.issue_group, c.opened_at,
    c.scale, c.scope, c.irremediability, c.immediate_danger, (
        select count(*) from case_complaint joined where joined.case_id = c.id
    ) as complaints
from "case" c join facility f on f.id = c.facility_id
"""
_PAGE_OF_CASES = _CASES + "where c.id > $1 order by c.id limit $2"
_ONE_CASE = _CASES + "where c.id = $1"


async def page_of_waiting(
    session: AsyncSession, box: Box, *, after: UUID, limit: int
) -> list[WaitingComplaint]:
    """Complaints whose facility is not certain, oldest first, their facility text opened."""
    query = (
        select(Complaint)
        .where(col(Complaint.match) != Match.MATCHED, col(Complaint.id) > after)
        .order_by(col(Complaint.id))
        .limit(limit)
    )
    waiting = (await session.exec(query)).all()
    proposed = await _proposals(session, [one.id for one in waiting])
    found = await lookup.facilities(
        await session.connection(), {one for ids in proposed.values() for one in ids}
    )
    shown: list[WaitingComplaint] = []
    for one in waiting:
        reported = opened(box, one.sealed or b"")
        shown.append(
            WaitingComplaint(
                **ComplaintShown.of(one).model_dump(),
                facility_name=reported.facility_name,
                facility_address=reported.facility_address,
                proposals=[found[facility_id] for facility_id in proposed[one.id]],
            )
        )
    return shown


async def _proposals(
    session: AsyncSession, complaint_ids: Sequence[UUID]
) -> defaultdict[UUID, list[UUID]]:
    query = select(Proposal).where(col(Proposal.complaint_id).in_(complaint_ids))
    proposed: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for one in (await session.exec(query.order_by(col(Proposal.facility_id)))).all():
        proposed[one.complaint_id].append(one.facility_id)
    return proposed


async def complaint(session: AsyncSession, complaint_id: UUID) -> ComplaintShown:
    """One complaint.

    Raises:
        NotFound: there is none.
    """
    found = await session.get(Complaint, complaint_id)
    if found is None:
        raise NotFound
    return ComplaintShown.of(found)


async def page_of_cases(session: AsyncSession, *, after: UUID, limit: int) -> list[CaseShown]:
    """Cases in the order they were opened."""
    connection = await driver(await session.connection())
    return [_shown(row) for row in await connection.fetch(_PAGE_OF_CASES, after, limit)]


async def case(session: AsyncSession, case_id: UUID) -> CaseOpened:
    """One case, with its newest complaints.

    Raises:
        NotFound: there is none.
    """
    connection = await driver(await session.connection())
    row = await connection.fetchrow(_ONE_CASE, case_id)
    if row is None:
        raise NotFound
    query = (
        select(Complaint)
        .join(CaseComplaint, col(CaseComplaint.complaint_id) == col(Complaint.id))
        .where(col(CaseComplaint.case_id) == case_id)
        .order_by(col(Complaint.id).desc())
        .limit(COMPLAINTS_SHOWN)
    )
    joined = (await session.exec(query)).all()
    return CaseOpened(
        **_shown(row).model_dump(),
        complaints_in_it=[ComplaintShown.of(one) for one in reversed(joined)],
    )


def _shown(row: asyncpg.Record) -> CaseShown:
    severity = Severity(row["scale"], row["scope"], row["irremediability"])
    return CaseShown(
        case_id=row["case_id"],
        facility=CaseFacility(
            facility_id=row["facility_id"],
            os_id=row["os_id"],
            name=row["name"],
            country=row["country"],
        ),
        issue_group=row["issue_group"],
        opened_at=row["opened_at"],
        severity=SeverityShown(
            value=severity.value,
            scale=severity.scale,
            scope=severity.scope,
            irremediability=severity.irremediability,
        ),
        immediate_danger=row["immediate_danger"],
        complaints=row["complaints"],
    )
