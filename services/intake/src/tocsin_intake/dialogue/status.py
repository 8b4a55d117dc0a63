"""Where a complaint stands, as its receipt shows it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_common.listening import Told
from tocsin_contracts.events.cases import ComplaintStatusChanged

_SHOW = """
update complaint set status = told.status
from unnest($1::uuid[], $2::text[]) as told(id, status) where complaint.id = told.id
"""


async def show_on_receipts(
    tx: AsyncConnection, told: Sequence[Told[ComplaintStatusChanged]]
) -> None:
    """Let a complaint's receipt show where it stands."""
    events = sorted((one.event for one in told), key=_complaint_id)
    await (await driver(tx)).execute(
        _SHOW, [event.complaint_id for event in events], [event.status for event in events]
    )


def _complaint_id(event: ComplaintStatusChanged) -> UUID:
    return event.complaint_id
