"""What a person decides about a complaint's facility (protection D6): each move is on record."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_cases.casework import service
from tocsin_cases.casework.handlers import Desk
from tocsin_cases.casework.models import Complaint, Proposal
from tocsin_cases.casework.sealed_part import opened
from tocsin_cases.casework.service import Joining, UnknownIssue
from tocsin_cases.officers import audit
from tocsin_cases.officers.audit import Move
from tocsin_cases.registry.matching import Match
from tocsin_cases.registry.models import Facility
from tocsin_common import outbox
from tocsin_common.problems import Conflict, Invalid, NotFound
from tocsin_contracts.events.cases import ComplaintStatus, ComplaintStatusChanged
from tocsin_contracts.events.complaints import Headcount


class AlreadyMatched(Conflict):
    """The complaint is about another facility already."""

    code = "already_matched"
    detail = "This complaint was matched before, to another facility."


class UnknownFacility(Invalid):
    """The registry does not have the facility."""

    code = "unknown_facility"
    detail = "The registry has no facility with this id. Import it first."


class IssuesMissing(Invalid):
    """Nobody has said yet what the complaint is about."""

    code = "issues_missing"
    detail = "The complaint came without codes: send `issues`, as the taxonomy names them."


class UnknownIssueSent(Invalid):
    """The taxonomy does not have the code."""

    code = "unknown_issue"
    detail = "The taxonomy lacks one of `issues`."


class IssuesStand(Invalid):
    """A complaint is immutable: its codes are its source's."""

    status = HTTPStatus.CONFLICT
    code = "issues_stand"
    detail = "The complaint came with codes of its own; leave `issues` out."


async def match_complaint(
    session: AsyncSession,
    desk: Desk,
    complaint_id: UUID,
    facility_id: UUID,
    codes: Sequence[str],
    officer_id: UUID,
    now: datetime,
) -> Complaint:
    """Say which facility a complaint is about; it joins its cases, and its words are let go.

    The words as reported never become a name of the facility (protection L3). Saying the same
    again changes nothing.

    Raises:
        NotFound: there is no such complaint.
        AlreadyMatched: it was said to be about another facility.
        UnknownFacility: the registry does not have it.
        IssuesMissing: the complaint came without codes, and none were sent.
        IssuesStand: it came with codes, and others were sent.
        UnknownIssueSent: the taxonomy lacks a code.
    """
    complaint = await _locked(session, complaint_id)
    if complaint.facility_id is not None:
        if complaint.facility_id != facility_id:
            raise AlreadyMatched
        return complaint
    if await session.get(Facility, facility_id) is None:
        raise UnknownFacility
    if complaint.issues and codes and set(codes) != set(complaint.issues):
        raise IssuesStand
    try:
        issues = service.issues_of(complaint.issues or codes, desk.taxonomy)
    except UnknownIssue:
        raise UnknownIssueSent from None
    if not issues:
        raise IssuesMissing
    joining = Joining(
        complaint.id,
        facility_id,
        issues,
        Headcount(complaint.workers_affected),
        complaint.immediate_danger,
        opened(desk.box, complaint.sealed or b""),
        complaint.withdrawn_at is not None,
    )
    complaint.match = Match.MATCHED
    complaint.facility_id = facility_id
    complaint.issues = [issue.code for issue in issues]
    complaint.status = ComplaintStatus.IN_REVIEW
    complaint.status_version += 1
    complaint.sealed = None
    await session.flush()
    await session.exec(delete(Proposal).where(col(Proposal.complaint_id) == complaint_id))
    await service.join_cases(await session.connection(), [joining], now)
    told = ComplaintStatusChanged(
        version=complaint.status_version,
        occurred_at=now,
        complaint_id=complaint_id,
        status=ComplaintStatus.IN_REVIEW,
    )
    await outbox.record(session, [told])
    await audit.note(
        session,
        Move.COMPLAINT_MATCHED,
        officer_id=officer_id,
        subject_id=complaint_id,
        object_id=facility_id,
    )
    return complaint


async def reject_proposal(
    session: AsyncSession, complaint_id: UUID, facility_id: UUID, officer_id: UUID
) -> None:
    """Say that a complaint is not about a proposed facility.

    Raises:
        NotFound: it was not proposed, or no longer is.
    """
    await _locked(session, complaint_id)
    proposed = col(Proposal.complaint_id) == complaint_id
    done: Any = await session.exec(
        delete(Proposal).where(proposed, col(Proposal.facility_id) == facility_id)
    )
    if not done.rowcount:
        raise NotFound
    await session.exec(
        update(Complaint)
        .where(col(Complaint.id) == complaint_id, ~exists().where(proposed))
        .values(match=Match.UNMATCHED)
    )
    await audit.note(
        session,
        Move.PROPOSAL_REJECTED,
        officer_id=officer_id,
        subject_id=complaint_id,
        object_id=facility_id,
    )


async def _locked(session: AsyncSession, complaint_id: UUID) -> Complaint:
    query = select(Complaint).where(col(Complaint.id) == complaint_id).with_for_update()
    complaint = (await session.exec(query)).one_or_none()
    if complaint is None:
        raise NotFound
    return complaint
