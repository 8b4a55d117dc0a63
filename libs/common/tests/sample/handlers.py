"""What the sample service does with a complaint: it files it, once for each newer version."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import heard
from tocsin_common.database import driver
from tocsin_common.listening import Handler, Told
from tocsin_contracts.events.complaints import ComplaintReceived

_FILE = """
insert into filed (complaint_id, version, times)
select id, version, 1 from unnest($1::uuid[], $2::int[]) with ordinality as t(id, version, place)
order by place
on conflict (complaint_id) do update set version = excluded.version, times = filed.times + 1
"""


async def on_complaints_received(
    tx: AsyncConnection, told: Sequence[Told[ComplaintReceived]]
) -> None:
    """File what is new."""
    fresh = [one.event for one in await heard.newest(tx, told)]
    connection = await driver(tx)
    await connection.execute(
        _FILE, [event.complaint_id for event in fresh], [event.version for event in fresh]
    )


def failing_on(channel: str, error: type[Exception], text: str = "") -> Handler[Any]:
    """The same handler, failing as long as one complaint came by this channel."""

    async def handle(tx: AsyncConnection, told: Sequence[Told[ComplaintReceived]]) -> None:
        if any(one.event.channel == channel for one in told):
            raise error(text)
        await on_complaints_received(tx, told)

    return handle
