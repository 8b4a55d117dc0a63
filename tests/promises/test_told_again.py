"""P1 after a loss: what services tell again fills what was lost, and doubles nothing."""

import pytest_asyncio

from tests.support import losing, world
from tests.support.clients import Buyer
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE, Tocsin
from tests.support.world import World, a_complaint, a_place
from tocsin_common.testing import eventually
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES

PLACES = [a_place(number) for number in range(4)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everybody(tocsin: Tocsin, receiver: Receiver) -> World:
    """Buyers have heard of three factories, and of one of them twice."""
    everybody = await world.build(tocsin, receiver, PLACES)
    for number, place in enumerate(PLACES[:3]):
        await everybody.hotline.report(a_complaint(f"Night line {number}", place))
    await eventually(lambda: len(receiver.newest()) == 3, within=PATIENCE)
    buys = PLACES[0].listed | {"organisations": [{"name": "Marl Computers", "role": "brand"}]}
    await tocsin.operator(CASES).post("/v1/admin/registry/import", {"facilities": [buys]})
    await eventually(lambda: 2 in receiver.newest().values(), within=PATIENCE)
    await tocsin.quiet()
    return everybody


async def test_a_portal_that_lost_its_database_shows_the_same_alerts_byte_for_byte(
    tocsin: Tocsin, everybody: World
) -> None:
    before = await shown_to(await a_reader(tocsin, everybody))
    assert before.count('"alert_id"') == 3

    await losing.destroy(tocsin, BUYER_PORTAL_API)
    reader = await a_reader(tocsin, everybody)
    lost = await shown_to(reader)
    told = losing.retell(tocsin, CASES)
    await tocsin.quiet()

    assert '"alert_id"' not in lost
    assert told["alerts"] == 3
    assert await shown_to(reader) == before


async def a_reader(tocsin: Tocsin, everybody: World) -> Buyer:
    """A buyer who reaches everybody, and reads in the portal only."""
    return await world.a_buyer(tocsin, "Fell Town", list(everybody.organisation_ids.values()))


async def shown_to(buyer: Buyer) -> str:
    """What the portal answers, byte for byte: its lists of alerts and of suppliers."""
    alerts = await buyer.portal.send("GET", "/v1/alerts")
    suppliers = await buyer.portal.send("GET", "/v1/suppliers")
    assert (alerts.status, suppliers.status) == (200, 200)
    return alerts.text + suppliers.text
