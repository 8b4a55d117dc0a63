"""Intake's event edge: what cases tells about complaints."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import heard
from tocsin_common.listening import Told
from tocsin_contracts.events.cases import ComplaintStatusChanged
from tocsin_intake import service


async def on_status_changed(
    tx: AsyncConnection, told: Sequence[Told[ComplaintStatusChanged]]
) -> None:
    """Show on the receipt where the complaint stands; an older state changes nothing."""
    if fresh := await heard.newest(tx, told):
        await service.show_on_receipts(tx, fresh)
