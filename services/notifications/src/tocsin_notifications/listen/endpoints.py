"""Where `tocsin listen` takes deliveries and says what came of them."""

import asyncio
import time
from datetime import UTC, datetime

from fastapi import APIRouter, Request

from tocsin_common.database import Database, Session
from tocsin_notifications.auth import CallingBuyer
from tocsin_notifications.listen import service
from tocsin_notifications.listen.schemas import Listening, Noted, Outcomes, TakenList, Taking
from tocsin_notifications.webhooks import signing

router = APIRouter(prefix="/v1/listen", tags=["events"])

LOOK = 0.3  # seconds between looks while somebody waits


@router.post("")
async def start_listening(buyer: CallingBuyer, session: Session, request: Request) -> Listening:
    """Begin to listen. The endpoint and its secret are the same every time."""
    endpoint = await service.start(session, buyer, datetime.now(UTC))
    key = request.app.state.settings.webhook_key
    secret = signing.secret_of(key, endpoint.id, endpoint.secret_generation)
    return Listening(endpoint_id=endpoint.id, secret=signing.shown(secret))


@router.post("/next")
async def take_deliveries(taking: Taking, buyer: CallingBuyer, request: Request) -> TakenList:
    """Take deliveries as soon as there are any. Nothing is held while it waits.

    It ends early, with nothing, when this process is asked to stop; then ask again.
    """
    database: Database = request.app.state.database
    leaving: asyncio.Event = request.app.state.leaving
    until = time.monotonic() + taking.wait
    while not await request.is_disconnected():  # nothing is given to who has hung up
        async with database.begin() as tx:
            found = await service.take(tx, buyer, request.app.state.settings.webhook_key)
        if found or time.monotonic() >= until or await _set(leaving, within=LOOK):
            return TakenList(data=found)
    return TakenList(data=[])


@router.post("/outcomes")
async def tell_outcomes(
    outcomes: Outcomes, buyer: CallingBuyer, session: Session, request: Request
) -> Noted:
    """Say what came of deliveries that were taken."""
    scale = request.app.state.settings.retry_scale
    noted = await service.settle(
        session, buyer, outcomes.data, datetime.now(UTC), retry_scale=scale
    )
    return Noted(noted=noted)


async def _set(event: asyncio.Event, *, within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            return await event.wait()
    except TimeoutError:
        return False
