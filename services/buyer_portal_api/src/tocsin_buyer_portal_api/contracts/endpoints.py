"""The operator's edge to contracts, and their buyer's."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_buyer_portal_api.auth import CallingBuyer
from tocsin_buyer_portal_api.contracts import service
from tocsin_buyer_portal_api.contracts.models import Contract
from tocsin_buyer_portal_api.contracts.schemas import (
    ContractDetail,
    ContractShown,
    NewContract,
)
from tocsin_common.auth import Operator
from tocsin_common.conditions import CONDITIONAL, answer, etag
from tocsin_common.database import Session
from tocsin_common.pages import Listing, Page, ThisList

admin = APIRouter(
    prefix="/v1/admin/buyers/{buyer_id}/contracts", tags=["operator"], dependencies=[Operator]
)
router = APIRouter(prefix="/v1/contracts", tags=["contracts"])

IfMatch = Annotated[
    str | None, Header(description="The ETag of the state you change, or `*`; required.")
]


@admin.post("", status_code=201)
async def create_contract(
    buyer_id: UUID, new: NewContract, session: Session, response: Response
) -> ContractDetail:
    """Register a contract of a buyer's, and the organisations it is confirmed to reach."""
    contract, reached = await service.create(session, buyer_id, new, _now())
    response.headers["Location"] = f"/v1/admin/buyers/{buyer_id}/contracts/{contract.contract_id}"
    response.headers["ETag"] = etag(contract.version)
    return _detail(contract, reached)


@admin.get("")
async def list_contracts_of_buyer(
    buyer_id: UUID, this: ThisList, session: Session
) -> Page[ContractShown]:
    """List a buyer's contracts in the order they were created."""
    return await _page(session, buyer_id, this)


@admin.get("/{contract_id}", response_model=ContractDetail, responses=CONDITIONAL)
async def show_contract_of_buyer(
    buyer_id: UUID, contract_id: UUID, session: Session, request: Request
) -> Response:
    """Show one contract; its ETag is what a change must match."""
    contract, reached = await service.find(session, buyer_id, contract_id)
    return answer(request, _detail(contract, reached), etag(contract.version))


@admin.put("/{contract_id}")
async def change_contract(
    buyer_id: UUID,
    contract_id: UUID,
    wanted: NewContract,
    session: Session,
    response: Response,
    if_match: IfMatch = None,
) -> ContractDetail:
    """Replace a contract's reference and the organisations it reaches: the whole list."""
    contract, reached = await service.change(
        session, buyer_id, contract_id, wanted, if_match, _now()
    )
    response.headers["ETag"] = etag(contract.version)
    return _detail(contract, reached)


@admin.delete("/{contract_id}", status_code=204)
async def delete_contract(buyer_id: UUID, contract_id: UUID, session: Session) -> None:
    """Forget a contract. What only it reached is reached no more."""
    await service.remove(session, buyer_id, contract_id, _now())


@router.get("")
async def list_contracts(
    caller: CallingBuyer, this: ThisList, session: Session
) -> Page[ContractShown]:
    """List your contracts in the order they were registered."""
    return await _page(session, caller.buyer_id, this)


@router.get("/{contract_id}", response_model=ContractDetail, responses=CONDITIONAL)
async def show_contract(
    contract_id: UUID, caller: CallingBuyer, session: Session, request: Request
) -> Response:
    """Show one of your contracts with the organisations it reaches."""
    contract, reached = await service.find(session, caller.buyer_id, contract_id)
    return answer(request, _detail(contract, reached), etag(contract.version))


async def _page(session: AsyncSession, buyer_id: UUID, this: Listing) -> Page[ContractShown]:
    found = await service.page(session, buyer_id, after=this.after_time, limit=this.wanted)
    sizes = await service.sizes(session, found)
    shown = [ContractShown.of(one, sizes.get(one.contract_id, 0)) for one in found]
    return this.page(shown, lambda one: (one.created_at, one.contract_id))


def _detail(contract: Contract, reached: list[UUID]) -> ContractDetail:
    shown = ContractShown.of(contract, len(reached))
    return ContractDetail(**shown.model_dump(), organisation_ids=reached)


def _now() -> datetime:
    return datetime.now(UTC)
