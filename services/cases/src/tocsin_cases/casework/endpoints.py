"""Casework's HTTP edge for case officers."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from tocsin_cases.auth import CallingOfficer, OnlyOfficers
from tocsin_cases.casework import confirmation, lists
from tocsin_cases.casework.handlers import Desk
from tocsin_cases.casework.schemas import (
    CaseOpened,
    CaseShown,
    ComplaintShown,
    Matching,
    WaitingComplaint,
)
from tocsin_common.conditions import etag
from tocsin_common.database import Session
from tocsin_common.pages import Page, ThisList

complaints = APIRouter(prefix="/v1/complaints", tags=["complaints"], dependencies=[OnlyOfficers])
cases = APIRouter(prefix="/v1/cases", tags=["cases"], dependencies=[OnlyOfficers])


def _desk(request: Request) -> Desk:
    return request.app.state.desk


OurDesk = Annotated[Desk, Depends(_desk)]


@complaints.get("/waiting")
async def list_waiting_complaints(
    this: ThisList, session: Session, desk: OurDesk
) -> Page[WaitingComplaint]:
    """List complaints whose facility a person must find or confirm, oldest first.

    The facility's name and address are a worker's words: they are for this screen only.
    """
    found = await lists.page_of_waiting(session, desk.box, after=this.after_id, limit=this.wanted)
    return this.page(found, lambda one: one.complaint_id)


@complaints.get("/{complaint_id}")
async def show_complaint(
    complaint_id: UUID, session: Session, response: Response
) -> ComplaintShown:
    """Show one complaint: its codes, and where it stands."""
    shown = await lists.complaint(session, complaint_id)
    response.headers["ETag"] = etag(shown.version)
    return shown


@complaints.post("/{complaint_id}/match")
async def match_complaint(
    complaint_id: UUID, wanted: Matching, officer: CallingOfficer, session: Session, desk: OurDesk
) -> ComplaintShown:
    """Say which facility a complaint is about: one that was proposed, or any other.

    It joins its cases. Saying the same again changes nothing.
    """
    matched = await confirmation.match_complaint(
        session,
        desk,
        complaint_id,
        wanted.facility_id,
        wanted.issues,
        officer.officer_id,
        datetime.now(UTC),
    )
    return ComplaintShown.of(matched)


@complaints.delete("/{complaint_id}/proposals/{facility_id}", status_code=204)
async def reject_proposal(
    complaint_id: UUID, facility_id: UUID, officer: CallingOfficer, session: Session
) -> None:
    """Say that a complaint is not about a facility that was proposed for it."""
    await confirmation.reject_proposal(session, complaint_id, facility_id, officer.officer_id)


@cases.get("")
async def list_cases(this: ThisList, session: Session) -> Page[CaseShown]:
    """List cases in the order they were opened."""
    found = await lists.page_of_cases(session, after=this.after_id, limit=this.wanted)
    return this.page(found, lambda one: one.case_id)


@cases.get("/{case_id}")
async def open_case(case_id: UUID, session: Session) -> CaseOpened:
    """Open a case: its facility, severity and newest complaints."""
    return await lists.case(session, case_id)
