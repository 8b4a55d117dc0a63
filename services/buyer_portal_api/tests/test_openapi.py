"""The portal keeps to its own OpenAPI document, whatever it is sent."""

from nats.aio.client import Client as Nats

from tocsin_buyer_portal_api.app import create_app
from tocsin_buyer_portal_api.settings import Settings
from tocsin_common.database import Database
from tocsin_common.testing import serving
from tocsin_common.testing.faults import faults_in


async def test_nothing_is_found_at_the_operators_and_the_buyers_door(
    settings: Settings, database: Database, streams: Nats
) -> None:
    app = create_app(settings=settings)
    async with serving(app) as client:
        operator = client.with_key(settings.admin_key.get_secret_value())
        made = await client.post("/v1/admin/buyers", json={"name": "Marl Town"}, headers=operator)
        buyer = client.with_key(made.json()["key"])
        found = await faults_in(app, client, buyer, paths="^/v1/(?!admin)")
        assert not found, found
        found = await faults_in(app, client, operator, paths="^/v1/admin")
        assert not found, found
