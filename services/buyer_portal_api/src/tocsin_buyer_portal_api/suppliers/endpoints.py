"""The buyer's edge to its suppliers."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from tocsin_buyer_portal_api.auth import CallingBuyer
from tocsin_buyer_portal_api.suppliers import service
from tocsin_buyer_portal_api.suppliers.schemas import LinkedFacility, Supplier
from tocsin_common.conditions import CONDITIONAL, answer
from tocsin_common.database import Session
from tocsin_common.pages import Listing, Page, ThisList

router = APIRouter(prefix="/v1/suppliers", tags=["suppliers"])


@router.get("")
async def list_suppliers(caller: CallingBuyer, this: ThisList, session: Session) -> Page[Supplier]:
    """List the organisations your contracts reach, by name."""
    found = await service.page(session, caller.buyer_id, after=_named(this), limit=this.wanted)
    return this.page(found, lambda one: (one.name or "", one.organisation_id))


@router.get("/{organisation_id}", response_model=Supplier, responses=CONDITIONAL)
async def show_supplier(
    organisation_id: UUID, caller: CallingBuyer, session: Session, request: Request
) -> Response:
    """Show one organisation your contracts reach."""
    return answer(request, await service.find(session, caller.buyer_id, organisation_id))


@router.get("/{organisation_id}/facilities")
async def list_facilities(
    organisation_id: UUID,
    caller: CallingBuyer,
    this: ThisList,
    session: Session,
) -> Page[LinkedFacility]:
    """List the facilities a supplier has a role at, by name."""
    found = await service.facilities(
        session, caller.buyer_id, organisation_id, after=_named(this), limit=this.wanted
    )
    return this.page(found, lambda one: (one.name, one.facility_id))


def _named(this: Listing) -> tuple[str, UUID] | None:
    return (at[0], UUID(at[1])) if (at := this.place) else None
