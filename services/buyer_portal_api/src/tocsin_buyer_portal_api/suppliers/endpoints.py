"""The buyer's edge to its suppliers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from tocsin_buyer_portal_api.auth import CallingBuyer
from tocsin_buyer_portal_api.pages import PageQuestion, ThisList
from tocsin_buyer_portal_api.suppliers import service
from tocsin_buyer_portal_api.suppliers.schemas import FacilityPage, Supplier, SupplierPage
from tocsin_common.conditions import CONDITIONAL, answer
from tocsin_common.database import Session

router = APIRouter(prefix="/v1/suppliers", tags=["suppliers"])


@router.get("")
async def list_suppliers(
    question: Annotated[PageQuestion, Query()],
    caller: CallingBuyer,
    this: ThisList,
    session: Session,
) -> SupplierPage:
    """List the organisations your contracts reach, by name."""
    place = this.place(question, caller.buyer_id)
    after = (place[0], UUID(place[1])) if place else None
    suppliers, more = await service.page(session, caller.buyer_id, after, question.limit)
    cursor = None
    if more:
        last = (suppliers[-1].name or "", str(suppliers[-1].organisation_id))
        cursor = this.next_cursor(last, question, caller.buyer_id)
    return SupplierPage(data=suppliers, next_cursor=cursor)


@router.get("/{organisation_id}", response_model=Supplier, responses=CONDITIONAL)
async def show_supplier(
    organisation_id: UUID, caller: CallingBuyer, session: Session, request: Request
) -> Response:
    """Show one organisation your contracts reach."""
    return answer(request, await service.find(session, caller.buyer_id, organisation_id))


@router.get("/{organisation_id}/facilities")
async def list_facilities(
    organisation_id: UUID,
    question: Annotated[PageQuestion, Query()],
    caller: CallingBuyer,
    this: ThisList,
    session: Session,
) -> FacilityPage:
    """List the facilities a supplier has a role at, by name."""
    place = this.place(question, caller.buyer_id)
    after = (place[0], UUID(place[1])) if place else None
    facilities, more = await service.facilities(
        session, caller.buyer_id, organisation_id, after, question.limit
    )
    cursor = None
    if more:
        last = (facilities[-1].name, str(facilities[-1].facility_id))
        cursor = this.next_cursor(last, question, caller.buyer_id)
    return FacilityPage(data=facilities, next_cursor=cursor)
