"""A test event of any type, to a buyer's own endpoints, by the way that real ones take."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.problems import Conflict
from tocsin_contracts.ids import new_green_id
from tocsin_notifications.events.catalogue import ALERTS, example
from tocsin_notifications.models import Delivery, Kind
from tocsin_notifications.webhooks import rehearsal
from tocsin_notifications.webhooks import service as webhooks
from tocsin_notifications.webhooks.payload import link_to


class NoEndpoints(Conflict):
    """There is nowhere to send it."""

    code = "no_endpoints"
    detail = "You have no endpoint that takes events. Make one, or run `tocsin listen`."


async def trigger(
    session: AsyncSession, buyer_id: UUID, kind: str, now: datetime, *, portal_url: str
) -> Sequence[Delivery]:
    """Plan a test event to all of a buyer's endpoints that are sent anything.

    Raises:
        NoEndpoints: there are none.
    """
    endpoints = [
        one
        for one in await webhooks.all_of(session, buyer_id)
        if not one.disabled_at and (one.kind != Kind.EMAIL or one.verified_at)
    ]
    if not endpoints:
        raise NoEndpoints
    body = _body(kind, now, portal_url)
    return [await rehearsal.plan_test(session, one, body, now) for one in endpoints]


def _body(kind: str, now: datetime, portal_url: str) -> bytes:
    """The example of a type, about an alert that nobody ever raised, and marked as a test."""
    told: dict[str, Any] = example(kind) | {"timestamp": now.isoformat(timespec="seconds")}
    alert_id = new_green_id()
    if kind in ALERTS:
        about = {"alert_id": str(alert_id), "link": link_to(alert_id, portal_url)}
        told["data"] = told["data"] | about | {"test": True}
    return json.dumps(told, separators=(",", ":")).encode()
