"""The operator's view of what could not be handled: `tocsin dlq` speaks to this."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from tocsin_common import parked
from tocsin_common.auth import Operator
from tocsin_common.database import Database
from tocsin_common.messaging import Bus
from tocsin_common.models import Parked
from tocsin_common.problems import Conflict, NotFound


class ParkedEvent(BaseModel):
    """An event set aside. Without `retry_at` it is a dead letter and waits for a person."""

    id: int
    consumer: str
    subject: str
    reason: str
    attempts: int
    parked_at: datetime
    retry_at: datetime | None


class ParkedEventWithBody(ParkedEvent):
    """The same, with its identifiers and codes, where it can be read at all."""

    size: int
    body: dict[str, Any] | None


class ParkedPage(BaseModel):
    """Some parked events; `next_cursor` is the `after` of the next page."""

    data: list[ParkedEvent]
    next_cursor: int | None


class Retried(BaseModel):
    """What came of a retry."""

    outcome: str
    reason: str | None = None


def router(database: Database, bus: Bus) -> APIRouter:
    """The operations on one service's parked events."""
    api = APIRouter(prefix="/v1/admin/parked", tags=["operator"], dependencies=[Operator])

    @api.get("")
    async def list_parked(
        after: int = 0, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> ParkedPage:
        """List events that could not be handled, oldest first."""
        async with database.begin() as tx:
            rows = await parked.page(tx, after=after, limit=limit + 1)
        data = [ParkedEvent(**row) for row in rows[:limit]]
        return ParkedPage(data=data, next_cursor=data[-1].id if len(rows) > limit else None)

    @api.get("/{parked_id}")
    async def show_parked(parked_id: int) -> ParkedEventWithBody:
        """Show one, with its body if that is an event: identifiers, codes and sealed parts."""
        event = await _found(parked_id)
        return ParkedEventWithBody(
            **event.model_dump(exclude={"body"}), size=len(event.body), body=_readable(event)
        )

    @api.post("/{parked_id}/retry")
    async def retry_parked(parked_id: int) -> Retried:
        """Handle one again now, by the service as it is now."""
        event = await _found(parked_id)
        if event.consumer not in bus.listeners:
            raise Conflict("This process does not listen; ask the service's worker.")
        reason = await bus.retry(event)
        return Retried(outcome="parked" if reason else "applied", reason=reason)

    @api.delete("/{parked_id}", status_code=204)
    async def drop_parked(parked_id: int) -> None:
        """Give one up for good."""
        async with database.begin() as tx:
            if not await parked.forget(tx, parked_id):
                raise NotFound

    async def _found(parked_id: int) -> Parked:
        async with database.begin() as tx:
            if not (event := await parked.find(tx, parked_id)):
                raise NotFound
        return event

    def _readable(event: Parked) -> dict[str, Any] | None:
        """Show a body only as the event it is: what does not decode may hold anything."""
        if not (listener := bus.listeners.get(event.consumer)):
            return None
        try:
            return json.loads(listener.read(event.body).model_dump_json())
        except ValueError:
            return None

    _ = list_parked, show_parked, retry_parked, drop_parked
    return api
