"""The operator's edge to case officers."""

from uuid import UUID

from fastapi import APIRouter, Request

from tocsin_cases.officers import service
from tocsin_cases.officers.schemas import NewOfficer, OfficerCreated, OfficerShown
from tocsin_common.auth import Operator
from tocsin_common.database import Session
from tocsin_common.pages import Page, ThisList

admin = APIRouter(prefix="/v1/admin/officers", tags=["operator"], dependencies=[Operator])


@admin.post("", status_code=201)
async def create_officer(new: NewOfficer, session: Session, request: Request) -> OfficerCreated:
    """Register a case officer. The key is shown once."""
    hash_key: bytes = request.app.state.settings.hash_key
    officer_id, key = await service.create(session, hash_key, new.name)
    return OfficerCreated(officer_id=officer_id, key=key)


@admin.get("")
async def list_officers(this: ThisList, session: Session) -> Page[OfficerShown]:
    """List officers in the order they were registered."""
    found = await service.page(session, after=this.after_id, limit=this.wanted)
    return this.page([OfficerShown.of(one) for one in found], lambda one: one.officer_id)


@admin.delete("/{officer_id}", status_code=204)
async def disable_officer(officer_id: UUID, session: Session) -> None:
    """Refuse an officer's key: everywhere within five seconds."""
    await service.disable(session, officer_id)
