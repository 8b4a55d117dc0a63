"""Notifications' event edge: what cases releases, and what the portal tells about buyers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import heard
from tocsin_common.database import after_commit
from tocsin_common.listening import Told
from tocsin_common.signatures import Verifier
from tocsin_contracts.events.alerts import AlertTold
from tocsin_contracts.events.buyers import BuyerChanged, KeyChanged, ReachChanged
from tocsin_notifications import buyers
from tocsin_notifications.alerts import service


@dataclass(frozen=True)
class Alerting:
    """What hearing an alert needs."""

    verifier: Verifier
    portal_url: str
    wake: Callable[[], None]
    """Tells the courier that there is something to deliver."""


async def on_alerts(
    alerting: Alerting, tx: AsyncConnection, told: Sequence[Told[AlertTold]]
) -> None:
    """Plan a delivery to everybody who should hear of an alert; older states change nothing.

    Raises:
        ForgedStatement: cases did not sign this, so nobody hears of it (protection L5).
    """
    announced = {
        one.event.event_id: service.announce(alerting.verifier, alerting.portal_url, one)
        for one in told
    }
    if fresh := await heard.newest(tx, told):
        told_now = [announced[one.event.event_id] for one in fresh]
        await service.plan_deliveries(tx, told_now, datetime.now(UTC))
        after_commit(tx, alerting.wake)


async def on_buyers(tx: AsyncConnection, told: Sequence[Told[BuyerChanged]]) -> None:
    """Know buyers as they are now."""
    if fresh := await heard.newest(tx, told):
        await buyers.keep_buyers(tx, [one.event for one in fresh])


async def on_keys(tx: AsyncConnection, told: Sequence[Told[KeyChanged]]) -> None:
    """Know buyers' keys as they are now."""
    if fresh := await heard.newest(tx, told):
        await buyers.keep_keys(tx, [one.event for one in fresh])


async def on_reach(tx: AsyncConnection, told: Sequence[Told[ReachChanged]]) -> None:
    """Know whom buyers' contracts reach now."""
    if fresh := await heard.newest(tx, told):
        await buyers.keep_reach(tx, [one.event for one in fresh])
