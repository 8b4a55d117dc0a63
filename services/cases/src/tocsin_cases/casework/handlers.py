"""Casework's event edge: what intake tells about complaints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.casework import service, standing
from tocsin_cases.casework.sealed_part import opened
from tocsin_cases.casework.service import Arrived
from tocsin_common import heard
from tocsin_common.listening import Told
from tocsin_common.sealing import Box
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_contracts.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Desk:
    """What it takes to read a complaint: the key to its sealed part, and the codes."""

    box: Box
    taxonomy: Taxonomy


async def on_complaints_received(
    desk: Desk, tx: AsyncConnection, told: Sequence[Told[ComplaintReceived]]
) -> None:
    """File what is new. A repeat changes nothing."""
    if fresh := await heard.newest(tx, told):
        arrived = [
            Arrived(one.event, opened(desk.box, one.event.sealed), one.trace) for one in fresh
        ]
        still = await standing.as_they_stand(tx, arrived)
        await service.file_complaints(tx, still, desk.taxonomy, datetime.now(UTC))
