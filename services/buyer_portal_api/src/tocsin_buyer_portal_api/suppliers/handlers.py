"""What the portal hears about the registry."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_buyer_portal_api.suppliers import service
from tocsin_common import heard
from tocsin_common.listening import Told
from tocsin_contracts.events.registry import FacilityChanged, LinkChanged, OrganisationChanged


async def on_organisations(tx: AsyncConnection, told: Sequence[Told[OrganisationChanged]]) -> None:
    """Keep organisations as the registry knows them."""
    fresh = await heard.newest(tx, told)
    await service.keep_organisations(tx, [one.event for one in fresh])


async def on_facilities(tx: AsyncConnection, told: Sequence[Told[FacilityChanged]]) -> None:
    """Keep facilities as the registry knows them."""
    fresh = await heard.newest(tx, told)
    await service.keep_facilities(tx, [one.event for one in fresh])


async def on_links(tx: AsyncConnection, told: Sequence[Told[LinkChanged]]) -> None:
    """Keep who has which role where."""
    fresh = await heard.newest(tx, told)
    await service.keep_links(tx, [one.event for one in fresh])
