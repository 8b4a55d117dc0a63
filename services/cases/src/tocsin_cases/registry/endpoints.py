"""The registry's HTTP edge: imports and lists for operators, a search for officers."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from tocsin_cases.auth import OnlyOfficers
from tocsin_cases.officers import audit
from tocsin_cases.officers.audit import Move
from tocsin_cases.registry import lookup, service
from tocsin_cases.registry.schemas import (
    FacilityShown,
    OrganisationShown,
    SupplierList,
    SupplierListImported,
)
from tocsin_common.auth import Operator
from tocsin_common.database import Session
from tocsin_common.pages import Page, ThisList
from tocsin_common.text import Line
from tocsin_contracts.ids import Country

admin = APIRouter(prefix="/v1/admin/registry", tags=["operator"], dependencies=[Operator])
router = APIRouter(prefix="/v1/facilities", tags=["registry"], dependencies=[OnlyOfficers])


@admin.post("/import")
async def import_suppliers(
    suppliers: SupplierList, session: Session, request: Request
) -> SupplierListImported:
    """Take in a supplier list of up to 10,000 rows, and tell buyers what it changed.

    A row is known again by its OS ID, else by its name and country; spelling, case and
    punctuation do not count. Importing the same list again changes nothing.
    """
    imported = await service.import_supplier_list(
        await session.connection(),
        suppliers.facilities,
        request.app.state.chance,
        datetime.now(UTC),
    )
    await audit.note(session, Move.SUPPLIERS_IMPORTED)
    return imported


@admin.get("/organisations")
async def list_organisations(this: ThisList, session: Session) -> Page[OrganisationShown]:
    """List the organisations of the registry."""
    tx = await session.connection()
    found = await lookup.page_of_organisations(tx, after=this.after_id, limit=this.wanted)
    return this.page(found, lambda one: one.organisation_id)


@admin.get("/facilities")
async def list_facilities(this: ThisList, session: Session) -> Page[FacilityShown]:
    """List the facilities of the registry, and the organisations behind them."""
    tx = await session.connection()
    found = await lookup.page_of_facilities(tx, after=this.after_id, limit=this.wanted)
    return this.page(found, lambda one: one.facility_id)


@router.get("")
async def find_facilities(
    country: Annotated[Country, Query()],
    name: Annotated[Line, Query(description="How the facility's name begins.")],
    this: ThisList,
    session: Session,
) -> Page[FacilityShown]:
    """Find the facility that a complaint is about."""
    tx = await session.connection()
    found = await lookup.facilities_named(tx, name, country, after=this.after_id, limit=this.wanted)
    return this.page(found, lambda one: one.facility_id)
