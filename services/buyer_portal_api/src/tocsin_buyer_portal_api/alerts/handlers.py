"""What the portal hears about alerts and their deliveries."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_buyer_portal_api.alerts import service
from tocsin_common import heard
from tocsin_common.listening import Told
from tocsin_common.signatures import Verifier
from tocsin_contracts.events.alerts import AlertTold
from tocsin_contracts.events.deliveries import DeliverySettled

A = TypeVar("A", bound=AlertTold)
D = TypeVar("D", bound=DeliverySettled)


async def on_alerts(verifier: Verifier, tx: AsyncConnection, told: Sequence[Told[A]]) -> None:
    """Keep what cases signed. All is verified first, so that a forgery never passes as old."""
    stated = [service.read(verifier, one.event) for one in told]
    fresh = await heard.newest(tx, told)
    await service.project(tx, stated, {one.event.alert_id for one in fresh})


async def on_deliveries(tx: AsyncConnection, told: Sequence[Told[D]]) -> None:
    """Show with an alert what became of its deliveries."""
    fresh = await heard.newest(tx, told)
    await service.settle(tx, [one.event for one in fresh])
