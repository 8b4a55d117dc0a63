"""Disclosure's event edge: hotlines hold what cases means to disclose, or let it go."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import heard
from tocsin_common.database import driver
from tocsin_common.errors import RuleBroken
from tocsin_common.listening import Told
from tocsin_contracts.events.complaints import DisclosureHeld

LONGEST_HOLD = timedelta(days=30)  # then it is renewed by two people, or it lapses

_HOLD = """
update intention set held_until = held.until, reason = held.reason
from unnest($1::uuid[], $2::uuid[], $3::date[], $4::text[])
    as held(id, integration_id, until, reason)
where intention.id = held.id and intention.integration_id = held.integration_id
returning intention.id
"""


class UnknownIntention(RuleBroken):
    """This hotline was never told of such an intention."""


async def on_disclosures_held(tx: AsyncConnection, told: Sequence[Told[DisclosureHeld]]) -> None:
    """Hold what a hotline wants held; a release that is held does not leave (protection D8).

    Raises:
        UnknownIntention: it is not this hotline's to hold.
    """
    fresh = await heard.newest(tx, told)
    if not fresh:
        return
    events = sorted((one.event for one in fresh), key=_intention_id)
    found = await (await driver(tx)).fetch(
        _HOLD,
        [event.intention_id for event in events],
        [event.integration_id for event in events],
        [held_until(event) for event in events],
        [event.reason if event.held_until else None for event in events],
    )
    if len(found) < len(events):
        raise UnknownIntention


def held_until(event: DisclosureHeld) -> date | None:
    """The last day of a hold, or `None` if it is lifted."""
    if event.held_until is None:
        return None
    return min(event.held_until, (event.occurred_at + LONGEST_HOLD).date())


def _intention_id(event: DisclosureHeld) -> UUID:
    return event.intention_id
