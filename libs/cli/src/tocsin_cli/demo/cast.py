"""Who takes part: hotlines, an officer, buyers and their endpoints, registered by the operator."""

import asyncio
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import aiohttp

from tocsin_cli.demo.door import Door
from tocsin_cli.demo.material import HOTLINES, WHATSAPP, Json, Material
from tocsin_cli.demo.receiver import Receiver
from tocsin_cli.demo.stage import Stage
from tocsin_cli.demo.waiting import until
from tocsin_cli.errors import NotReady, Unusable
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE, NOTIFICATIONS

KNOWN_WITHIN = 60.0  # seconds for a new buyer's key to reach notifications
LARGEST_IMPORT = 10_000


@dataclass(frozen=True)
class WhatsAppNumber:
    """A hotline's number at WhatsApp, whose updates are signed with its app's secret."""

    integration_id: str
    app_secret: str

    @property
    def path(self) -> str:
        return f"/v1/integrations/{self.integration_id}/whatsapp-cloud"

    def signature(self, body: bytes) -> str:
        """What Meta puts into `X-Hub-Signature-256`."""
        return "sha256=" + hmac.new(self.app_secret.encode(), body, sha256).hexdigest()


@dataclass(frozen=True)
class Cast:
    """Everybody, with the keys they were given."""

    hotlines: Mapping[str, Door]
    whatsapp: WhatsAppNumber
    names: Mapping[str, str]
    """Hotlines' names by the ids of their integrations."""
    officer: Door
    buyers: Mapping[str, Door]
    """At the portal, by name."""

    @property
    def intake_url(self) -> str:
        return self.hotlines[HOTLINES[0]].url


class Operator:
    """Registers everybody at their services, by the operator's keys."""

    def __init__(self, stage: Stage, http: aiohttp.ClientSession) -> None:
        self._stage = stage
        self._http = http
        self.intake, self.cases, self.portal = map(self._of, (INTAKE, CASES, BUYER_PORTAL_API))

    async def register(self, material: Material, receiver: Receiver) -> Cast:
        """Register everybody the material names; its supplier list comes first.

        Raises:
            Unusable: it was played here before, and what came of that would be counted again.
        """
        if not _named(material.suppliers).isdisjoint(await self._organisations()):
            raise Unusable(
                "the demo was played on this installation before",
                "Play it on a new one: its ledger counts what comes of invented factories' first "
                "complaints.",
            )
        await self.import_suppliers(material.suppliers)
        ids = await self._organisations()
        hotlines, names = await self._hotlines()
        whatsapp = await self._whatsapp_number()
        officer = await self.cases.post("/v1/admin/officers", {"name": "Ines Okafor"})
        buyers = await asyncio.gather(
            *(self._buyer(buyer, ids, receiver) for buyer in material.buyers)
        )
        return Cast(
            hotlines=hotlines,
            whatsapp=whatsapp,
            names={**names, whatsapp.integration_id: WHATSAPP},
            officer=self._door(CASES, officer["key"]),
            buyers=dict(buyers),
        )

    async def import_suppliers(self, rows: Sequence[Json]) -> Json:
        """Import a supplier list; return what it brought."""
        body = {"facilities": rows[:LARGEST_IMPORT]}
        return await self.cases.post("/v1/admin/registry/import", body)

    async def _organisations(self) -> dict[str, str]:
        """The ids of all that the registry has, by name."""
        listed = await self.cases.all("/v1/admin/registry/organisations")
        return {one["name"]: one["organisation_id"] for one in listed}

    async def _hotlines(self) -> tuple[dict[str, Door], dict[str, str]]:
        doors: dict[str, Door] = {}
        names: dict[str, str] = {}
        for name in HOTLINES:
            new = await self.intake.post("/v1/admin/integrations", {"name": _as_title(name)})
            doors[name] = self._door(INTAKE, new["key"])
            names[new["integration_id"]] = name
        return doors, names

    async def _whatsapp_number(self) -> WhatsAppNumber:
        app_secret = secrets.token_hex(16)
        body = {
            "name": _as_title(WHATSAPP),
            "adapter": "whatsapp_cloud",
            "whatsapp_cloud": {"app_secret": app_secret, "verify_token": secrets.token_hex(16)},
        }
        new = await self.intake.post("/v1/admin/integrations", body)
        return WhatsAppNumber(new["integration_id"], app_secret)

    async def _buyer(
        self, buyer: Json, ids: Mapping[str, str], receiver: Receiver
    ) -> tuple[str, Door]:
        about = {part: buyer[part] for part in ("name", "country", "language")}
        signed = {"undertaking_signed": buyer["undertaking_signed"]}
        new = await self.portal.post("/v1/admin/buyers", about | signed)
        place = f"/v1/admin/buyers/{new['buyer_id']}"
        reach = {"organisation_ids": [ids[name] for name in buyer["reach"]]}
        await self.portal.ask("PUT", f"{place}/reach", reach)
        key = (await self.portal.post(f"{place}/keys"))["key"]  # told after the reach
        await self._subscribe(buyer, ids, receiver, self._door(NOTIFICATIONS, key))
        return buyer["name"], self._door(BUYER_PORTAL_API, key)

    async def _subscribe(
        self, buyer: Json, ids: Mapping[str, str], receiver: Receiver, door: Door
    ) -> None:
        await _until_known(door)
        for about in buyer["endpoints"]:
            endpoint = receiver.endpoint(about["name"])
            new = await door.post(
                "/v1/endpoints", {"url": endpoint.url, "description": about["name"]}
            )
            endpoint.secret = new["secret"]
            for wish in about["subscriptions"]:
                body: dict[str, Any] = {**wish, "endpoint_ids": [new["endpoint_id"]]}
                if named := body.pop("organisations", None):
                    body["organisation_ids"] = [ids[name] for name in named]
                await door.post("/v1/subscriptions", body)

    def _of(self, service: str) -> Door:
        return self._door(service, self._stage.admin_key(service))

    def _door(self, service: str, key: str) -> Door:
        return Door(self._http, self._stage.url(service), key)


async def _until_known(door: Door) -> None:
    """Wait until notifications has heard of a buyer's key."""

    async def is_known() -> bool:
        status, _ = await door.try_once("GET", "/v1/endpoints")
        return status == 200

    try:
        async with asyncio.timeout(KNOWN_WITHIN):
            await until(is_known, every=0.1)
    except TimeoutError:
        raise NotReady(
            f"notifications did not hear of a buyer within {KNOWN_WITHIN:.0f} s",
            "See how busy this machine is.",
        ) from None


def _named(suppliers: Sequence[Json]) -> set[str]:
    """Every organisation in a supplier list."""
    return {one["name"] for row in suppliers for one in row["organisations"]}


def _as_title(name: str) -> str:
    return name.replace("_", " ").capitalize()
