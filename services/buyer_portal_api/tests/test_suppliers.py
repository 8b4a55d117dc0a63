"""A buyer's suppliers, as the registry and the alerts tell of them."""

from uuid import uuid4

from builders import a_facility, a_link, a_slot, an_alert, an_organisation, unverified
from portal import BuyerCaller, Portal

from tocsin_contracts.alerts import AlertState
from tocsin_contracts.events.alerts import AlertUpdated
from tocsin_contracts.events.registry import Role


async def test_a_supplier_is_shown_with_what_is_known_of_it(portal: Portal) -> None:
    lantern = uuid4()
    buyer = await portal.buyer(lantern)
    plant, depot = uuid4(), uuid4()
    await portal.tell_events(
        an_organisation(lantern, "Lantern Assembly", country="TH"),
        a_facility(plant, "Plant 2", country="TH"),
        a_facility(depot, "Depot", country="LA"),
        a_link(lantern, plant),
        a_link(lantern, plant, role=Role.SUPPLIER),
        a_link(lantern, depot),
        a_link(uuid4(), plant),
    )

    supplier = await buyer.get(f"/v1/suppliers/{lantern}")

    assert supplier.json() == {
        "organisation_id": str(lantern),
        "name": "Lantern Assembly",
        "country": "TH",
        "lei": None,
        "active_alerts": 0,
        "facilities": 2,
    }
    assert (await buyer.get("/v1/suppliers")).json()["data"] == [supplier.json()]
    again = await buyer.get(
        f"/v1/suppliers/{lantern}", headers={"If-None-Match": supplier.headers["etag"]}
    )
    assert again.status == 304
    [[first], [second]] = await buyer.pages(f"/v1/suppliers/{lantern}/facilities", limit=1)
    assert first == {
        "facility_id": str(depot),
        "os_id": None,
        "name": "Depot",
        "country": "LA",
        "roles": ["operator"],
    }
    assert (second["name"], second["roles"]) == ("Plant 2", ["operator", "supplier"])


async def test_the_registry_keeps_the_newest_state_in_any_order(portal: Portal) -> None:
    lantern, plant = uuid4(), uuid4()
    buyer = await portal.buyer(lantern)
    link = a_link(lantern, plant)
    renamed = an_organisation(lantern, "Lantern Group", version=3)

    await portal.tell_events(
        renamed,
        an_organisation(lantern, "Lantern Assembly", version=1),
        renamed.model_copy(update={"event_id": uuid4()}),
        a_facility(plant, "Plant 2", version=2),
        a_facility(plant, "Plant 1", version=1),
        link.model_copy(update={"event_id": uuid4(), "version": 2, "ended": True}),
        link,
    )

    supplier = (await buyer.get(f"/v1/suppliers/{lantern}")).json()
    assert (supplier["name"], supplier["facilities"]) == ("Lantern Group", 0)

    await portal.tell_events(link.model_copy(update={"event_id": uuid4(), "version": 3}))
    [[facility]] = await buyer.pages(f"/v1/suppliers/{lantern}/facilities")
    assert facility["name"] == "Plant 2"


async def test_a_buyers_own_alerts_are_counted_exactly(portal: Portal) -> None:
    lantern, heron = uuid4(), uuid4()
    unsigned, signed = await portal.buyer(lantern, heron), await portal.buyer(lantern, signed=True)
    moved = an_alert(lantern)
    await portal.tell(
        moved,
        an_alert(lantern, heron),
        an_alert(lantern),
        an_alert(lantern, state=AlertState.ENDED),
        unverified(lantern),
        an_alert(uuid4()),
    )
    await portal.tell(
        an_alert(heron, alert_id=moved.alert_id, version=2, slot=a_slot(1)), as_fact=AlertUpdated
    )

    async def counts(buyer: BuyerCaller) -> dict[str, int]:
        answer = await buyer.get("/v1/suppliers")
        return {one["organisation_id"]: one["active_alerts"] for one in answer.json()["data"]}

    assert await counts(unsigned) == {str(lantern): 2, str(heron): 2}
    assert await counts(signed) == {str(lantern): 3}
    for organisation in (lantern, heron):
        listed = await unsigned.alerts(organisation=str(organisation), state="active")
        assert len(listed) == 2


async def test_suppliers_are_listed_by_name_in_pages_and_unnamed_ones_first(
    portal: Portal,
) -> None:
    named = {f"Supplier {at:02}": uuid4() for at in range(6)}
    unnamed = uuid4()
    buyer = await portal.buyer(*named.values(), unnamed)
    await portal.tell_events(
        *(an_organisation(key, name) for name, key in reversed(named.items())),
        an_organisation(uuid4(), "Not theirs"),
    )

    pages = await buyer.pages("/v1/suppliers", limit=2)

    assert [len(page) for page in pages] == [2, 2, 2, 1]
    assert [one["name"] for page in pages for one in page] == [None, *named]


async def test_another_buyers_supplier_is_not_found(portal: Portal) -> None:
    lantern = uuid4()
    await portal.buyer(lantern)
    other = await portal.buyer(uuid4())
    await portal.tell_events(an_organisation(lantern, "Lantern Assembly"))

    for path in (f"/v1/suppliers/{lantern}", f"/v1/suppliers/{lantern}/facilities"):
        answer = await other.get(path)
        assert (answer.status, answer.json()["code"]) == (404, "not_found")
