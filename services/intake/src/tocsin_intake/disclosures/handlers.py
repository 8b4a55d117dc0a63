"""Disclosures' event edge: cases says what it means to tell buyers."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import heard
from tocsin_common.database import driver
from tocsin_common.listening import Told
from tocsin_contracts.events.cases import DisclosureIntended

_KEEP = """
insert into intention (
    id, integration_id, told_at, level, slot, organisation_names, country, issue_group, holds
) values ($1, $2, $3, $4, $5, $6, $7, $8, 0)
on conflict (id) do update set level = excluded.level, slot = excluded.slot,
    organisation_names = excluded.organisation_names
"""


async def on_disclosures_intended(
    tx: AsyncConnection, told: Sequence[Told[DisclosureIntended]]
) -> None:
    """Show it to the hotline concerned."""
    events = [one.event for one in await heard.newest(tx, told)]
    rows = [
        (
            event.intention_id,
            event.integration_id,
            event.occurred_at,
            event.level,
            event.slot,
            list(event.organisation_names),
            event.country,
            event.issue_group,
        )
        for event in sorted(events, key=lambda event: event.intention_id)
    ]
    if rows:
        await (await driver(tx)).executemany(_KEEP, rows)
