"""The operator's edge to buyers, and what a buyer is told of itself."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response

from tocsin_buyer_portal_api.auth import CallingBuyer
from tocsin_buyer_portal_api.buyers import service
from tocsin_buyer_portal_api.buyers.schemas import (
    BuyerChange,
    BuyerCreated,
    BuyerShown,
    KeyList,
    KeyShown,
    Me,
    NewBuyer,
    NewKey,
    NewReach,
    ReachShown,
)
from tocsin_common.auth import Operator
from tocsin_common.conditions import CONDITIONAL, answer, etag
from tocsin_common.database import Session
from tocsin_common.pages import Page, ThisList

admin = APIRouter(prefix="/v1/admin/buyers", tags=["operator"], dependencies=[Operator])
router = APIRouter(prefix="/v1/me", tags=["buyers"])

IfMatch = Annotated[
    str | None, Header(description="The ETag of the state you change, or `*`; required.")
]


@admin.post("", status_code=201)
async def create_buyer(
    new: NewBuyer, session: Session, request: Request, response: Response
) -> BuyerCreated:
    """Register a buyer. Its first key is shown once."""
    buyer, stored, key = await service.create(session, _hash_key(request), new, _now())
    response.headers["Location"] = f"{admin.prefix}/{buyer.buyer_id}"
    response.headers["ETag"] = etag(buyer.version)
    shown = BuyerShown.of(buyer)
    return BuyerCreated(**shown.model_dump(), key_id=stored.key_id, key=key)


@admin.get("")
async def list_buyers(this: ThisList, session: Session) -> Page[BuyerShown]:
    """List buyers in the order they were created."""
    found = await service.page(session, after=this.after_time, limit=this.wanted)
    shown = [BuyerShown.of(one) for one in found]
    return this.page(shown, lambda one: (one.created_at, one.buyer_id))


@admin.get("/{buyer_id}", response_model=BuyerShown, responses=CONDITIONAL)
async def show_buyer(buyer_id: UUID, session: Session, request: Request) -> Response:
    """Show one buyer; its ETag is what a change must match."""
    buyer = await service.find(session, buyer_id)
    return answer(request, BuyerShown.of(buyer), etag(buyer.version))


@admin.patch("/{buyer_id}")
async def change_buyer(
    buyer_id: UUID,
    wanted: BuyerChange,
    session: Session,
    response: Response,
    if_match: IfMatch = None,
) -> BuyerShown:
    """Change what is known of a buyer, like that it signed the undertaking."""
    buyer = await service.change(session, buyer_id, wanted, if_match, _now())
    response.headers["ETag"] = etag(buyer.version)
    return BuyerShown.of(buyer)


@admin.post("/{buyer_id}/keys", status_code=201)
async def add_key(buyer_id: UUID, session: Session, request: Request) -> NewKey:
    """Give a buyer another key. It is shown once."""
    stored, key = await service.add_key(session, _hash_key(request), buyer_id, _now())
    return NewKey(key_id=stored.key_id, key=key)


@admin.get("/{buyer_id}/keys")
async def list_keys(buyer_id: UUID, session: Session) -> KeyList:
    """List a buyer's newest keys, without the keys themselves."""
    return KeyList(data=[KeyShown.of(key) for key in await service.keys_of(session, buyer_id)])


@admin.delete("/{buyer_id}/keys/{key_id}", status_code=204)
async def disable_key(buyer_id: UUID, key_id: UUID, session: Session) -> None:
    """Refuse a key: everywhere within five seconds."""
    await service.disable_key(session, buyer_id, key_id, _now())


@admin.get("/{buyer_id}/reach", response_model=ReachShown, responses=CONDITIONAL)
async def show_reach(buyer_id: UUID, session: Session, request: Request) -> Response:
    """Show the organisations a buyer's contracts reach; the ETag is what a change must match."""
    buyer, reach = await service.reach_of(session, buyer_id)
    shown = ReachShown(buyer_id=buyer_id, version=buyer.reach_version, organisation_ids=reach)
    return answer(request, shown, etag(buyer.reach_version))


@admin.put("/{buyer_id}/reach")
async def set_reach(
    buyer_id: UUID,
    new: NewReach,
    session: Session,
    response: Response,
    if_match: IfMatch = None,
) -> ReachShown:
    """Confirm which organisations a buyer's contracts reach: the whole list."""
    buyer, reach = await service.set_reach(
        session, buyer_id, new.organisation_ids, if_match, _now()
    )
    response.headers["ETag"] = etag(buyer.reach_version)
    return ReachShown(buyer_id=buyer_id, version=buyer.reach_version, organisation_ids=reach)


@router.get("", response_model=Me, responses=CONDITIONAL)
async def show_me(caller: CallingBuyer, session: Session, request: Request) -> Response:
    """Show the buyer whose key this is."""
    buyer = await service.find(session, caller.buyer_id)
    organisations = await service.reach_size(session, caller.buyer_id)
    return answer(request, Me(**buyer.model_dump(), organisations=organisations))


def _hash_key(request: Request) -> bytes:
    return request.app.state.settings.hash_key


def _now() -> datetime:
    return datetime.now(UTC)
