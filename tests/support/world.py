"""A small invented world: factories, a hotline, an officer, and a buyer who hears of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.clients import Buyer, Caller, Hotline, Json, Officer
from tests.support.receiver import Receiver
from tests.support.tocsin import Tocsin
from tocsin_common.testing import eventually
from tocsin_contracts.ids import CROCKFORD
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE, NOTIFICATIONS


@dataclass(frozen=True)
class Place:
    """A factory, run by a company of its own, so that an alert says which of them is meant."""

    name: str
    country: str
    os_id: str
    organisation: str

    @property
    def listed(self) -> Json:
        """Its row of a supplier list."""
        return {
            "name": self.name,
            "country": self.country,
            "os_id": self.os_id,
            "organisations": [{"name": self.organisation, "role": "operator"}],
        }

    @property
    def reported(self) -> Json:
        """The factory as a hotline names it when it knows exactly which one is meant."""
        return {"name": self.name, "country": self.country, "os_id": self.os_id}


def a_place(number: int, *, country: str = "VN") -> Place:
    """The factory of this number; no two have anything in common but their country."""
    return Place(
        name=f"Silver Heron Assembly, Plant {number}",
        country=country,
        os_id=_os_id(country, number),
        organisation=f"Silver Heron Works {number}",
    )


def _os_id(country: str, number: int) -> str:
    """An Open Supply Hub id that nobody was given, with its check digit."""
    plain = f"{country}2031001{number:05d}"
    total = ord(plain[0]) + ord(plain[1]) + sum(CROCKFORD.index(c) for c in plain[2:])
    return plain + CROCKFORD[total % 32]


def a_complaint(reference: str, place: Place, **changes: Any) -> Json:
    """A complaint that alone is enough for an unverified alert."""
    return {
        "external_ref": reference,
        "words": "We have not been paid since March.",
        "facility": place.reported,
        "issues": ["wages.unpaid"],
        "source": {"kind": "phone", "handle": f"handle of {reference}"},
        "consent": {"share": "given"},
        "attestation": {"genuine": True},
        "language": "vi",
    } | changes


@dataclass(frozen=True)
class World:
    """Everybody who has to do with some factories."""

    hotline: Hotline
    officer: Officer
    buyer: Buyer
    secret: str
    """Of the buyer's endpoint: it verifies webhooks."""
    facility_ids: dict[str, str]
    organisation_ids: dict[str, str]


async def build(tocsin: Tocsin, receiver: Receiver, places: Sequence[Place]) -> World:
    """List the factories; register a hotline, an officer, and a buyer that hears of them all."""
    cases = tocsin.operator(CASES)
    await cases.post("/v1/admin/registry/import", {"facilities": [one.listed for one in places]})
    organisations = await cases.all("/v1/admin/registry/organisations")
    facilities = await cases.all("/v1/admin/registry/facilities")
    organisation_ids = {one["name"]: one["organisation_id"] for one in organisations}
    buyer = await a_buyer(tocsin, "Marl Town", list(organisation_ids.values()))
    endpoint = await buyer.endpoint(receiver.url)
    await buyer.subscribe()
    return World(
        hotline=await Hotline.registered(tocsin.operator(INTAKE), "Night line"),
        officer=await Officer.registered(cases, "Ines Okafor"),
        buyer=buyer,
        secret=endpoint["secret"],
        facility_ids={one["name"]: one["facility_id"] for one in facilities},
        organisation_ids=organisation_ids,
    )


async def a_buyer(tocsin: Tocsin, name: str, organisation_ids: Sequence[str]) -> Buyer:
    """Register a buyer who signed the undertaking; return it once everybody knows it."""
    operator = tocsin.operator(BUYER_PORTAL_API)
    new = {"name": name, "undertaking_signed": True}
    created = await operator.post("/v1/admin/buyers", new)
    await operator.ask(
        "PUT",
        f"/v1/admin/buyers/{created['buyer_id']}/reach",
        json={"organisation_ids": list(organisation_ids)},
        headers={"If-Match": "*"},
    )
    await tocsin.quiet()
    buyer = Buyer(
        created["buyer_id"],
        Caller(tocsin.http[BUYER_PORTAL_API], created["key"]),
        Caller(tocsin.http[NOTIFICATIONS], created["key"]),
    )

    async def knows_its_key() -> bool:
        return (await buyer.notifications.send("GET", "/v1/endpoints")).status == 200

    await eventually(knows_its_key)
    return buyer
