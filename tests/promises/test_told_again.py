"""P1 after a loss: what services tell again fills what was lost, and doubles nothing."""

from collections import Counter

import pytest_asyncio

from tests.support import losing, world
from tests.support.clients import Buyer, Json
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE, Tocsin
from tests.support.world import World, a_complaint, a_place
from tocsin_common.testing import eventually
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE, NOTIFICATIONS, SERVICES

PLACES = [a_place(number) for number in range(6)]
NOBODY_KNOWS = {"name": "The blue gate", "country": "VN"}


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
    """Its buyers are lost, too, so this reader is registered anew."""
    before = await shown_to(await a_reader(tocsin, everybody))
    assert before.count('"alert_id"') == 3
    await losing.back_up(tocsin, BUYER_PORTAL_API)

    await losing.destroy(tocsin, BUYER_PORTAL_API)
    reader = await a_reader(tocsin, everybody)
    lost = await shown_to(reader)
    told = losing.retell(tocsin, CASES)
    await tocsin.quiet()

    assert '"alert_id"' not in lost
    assert told["alerts"] == 3
    assert await shown_to(reader) == before
    await losing.restore(tocsin, BUYER_PORTAL_API)


async def test_a_portal_restored_from_a_backup_shows_what_came_since_and_what_became_of_it(
    tocsin: Tocsin, everybody: World, receiver: Receiver
) -> None:
    await losing.back_up(tocsin, BUYER_PORTAL_API)
    await told_of_another(everybody, receiver, "Night line 3", place=3)
    await tocsin.quiet()
    before = without_times(await everybody.buyer.alerts())
    assert len(before) == 4
    assert {one["delivered"]["endpoints"] for one in before.values()} == {1}

    await losing.restore(tocsin, BUYER_PORTAL_API)
    restored = await everybody.buyer.alerts()
    told = {service: losing.retell(tocsin, service) for service in (CASES, NOTIFICATIONS)}
    await tocsin.quiet()

    assert len(restored) == 3
    assert told[NOTIFICATIONS]["deliveries"] == 5
    assert without_times(await everybody.buyer.alerts()) == before


def without_times(alerts: dict[str, Json]) -> dict[str, Json]:
    """When a delivery came to its end is stored a moment off what was told of it."""
    return {
        alert_id: alert
        | {"delivered": {name: alert["delivered"][name] for name in ("endpoints", "failed")}}
        for alert_id, alert in alerts.items()
    }


async def test_after_nats_lost_everything_all_is_told_again_and_nobody_is_told_twice(
    tocsin: Tocsin, everybody: World, receiver: Receiver
) -> None:
    complaints, hits = await in_cases(everybody), len(receiver.hits)
    shown = await shown_to(everybody.buyer)
    in_flight = await lost_on_the_way(tocsin, everybody)

    told = {service: losing.retell(tocsin, service) for service in SERVICES}
    await tocsin.quiet()

    assert told[INTAKE]["complaints"] == complaints.total() + 1
    assert told[BUYER_PORTAL_API]["buyers"] == told[BUYER_PORTAL_API]["reaches"] > 0
    assert await in_cases(everybody) == complaints + Counter([in_flight])
    await eventually(lambda: len(receiver.hits) == hits + 1, within=PATIENCE)
    await tocsin.quiet()
    assert len(receiver.hits) == hits + 1
    assert not receiver.contradictions()
    released = {one: said["version"] for one, said in (await everybody.officer.alerts()).items()}
    assert receiver.newest() == released
    assert await versions_shown_to(everybody.buyer) == released
    assert await shown_to(everybody.buyer) != shown
    await told_of_another(everybody, receiver, "Night line 5", place=5)
    for service in SERVICES:
        assert await tocsin.operator(service).all("/v1/admin/parked") == []


async def test_cases_restored_from_a_backup_has_every_complaint_in_a_case_again(
    tocsin: Tocsin, everybody: World, receiver: Receiver
) -> None:
    await losing.back_up(tocsin, CASES)
    before = await in_cases(everybody)
    known = a_complaint("Night line 6", PLACES[1], consent={"share": "refused"})
    unknown = a_complaint("Night line 7", PLACES[1], facility=NOBODY_KNOWS)
    accepted = [(await everybody.hotline.report(one))["complaint_id"] for one in (known, unknown)]
    await tocsin.quiet()
    since = await in_cases(everybody)
    hits = len(receiver.hits)
    assert since == before + Counter(accepted)

    await losing.restore(tocsin, CASES)
    restored = await in_cases(everybody)
    losing.retell(tocsin, INTAKE)
    await tocsin.quiet()

    assert restored == before
    assert await in_cases(everybody) == since
    assert len(receiver.hits) == hits


async def lost_on_the_way(tocsin: Tocsin, everybody: World) -> str:
    """A complaint is in COMPLAINTS and not yet heard when NATS loses it; return its id."""
    async with tocsin.untended():
        tocsin.stack.services[CASES].stop()
        report = a_complaint("Night line 4", PLACES[4])
        before = len(await tocsin.told("COMPLAINTS"))
        accepted = await everybody.hotline.report(report)

        async def shipped() -> bool:
            return len(await tocsin.told("COMPLAINTS")) > before

        await eventually(shipped, within=PATIENCE)
        losing.wipe_nats(tocsin)
    await losing.provision(tocsin)
    return accepted["complaint_id"]


async def told_of_another(
    everybody: World, receiver: Receiver, reference: str, *, place: int
) -> None:
    """A complaint comes, an alert leaves, and the buyer hears of it."""
    hits = len(receiver.hits)
    await everybody.hotline.report(a_complaint(reference, PLACES[place]))
    await eventually(lambda: len(receiver.hits) == hits + 1, within=PATIENCE)


async def a_reader(tocsin: Tocsin, everybody: World) -> Buyer:
    """A buyer who reaches everybody, and reads in the portal only."""
    return await world.a_buyer(tocsin, "Fell Town", list(everybody.organisation_ids.values()))


async def shown_to(buyer: Buyer) -> str:
    """What the portal answers, byte for byte: its lists of alerts and of suppliers."""
    alerts = await buyer.portal.send("GET", "/v1/alerts")
    suppliers = await buyer.portal.send("GET", "/v1/suppliers")
    assert (alerts.status, suppliers.status) == (200, 200)
    return alerts.text + suppliers.text


async def versions_shown_to(buyer: Buyer) -> dict[str, int]:
    return {one: alert["version"] for one, alert in (await buyer.alerts()).items()}


async def in_cases(everybody: World) -> Counter[str]:
    """How often each complaint is in a case or waits for an officer."""
    found = Counter({one["complaint_id"]: 1 for one in await everybody.officer.waiting()})
    async for case in everybody.officer.rows("/v1/cases"):
        opened = await everybody.officer.get(f"/v1/cases/{case['case_id']}")
        found.update(one["complaint_id"] for one in opened["complaints_in_it"])
    return found
