"""Cases keeps to its own OpenAPI document, whatever it is sent."""

from nats.aio.client import Client as Nats

from tocsin_cases.app import create_app
from tocsin_cases.settings import Settings
from tocsin_common.database import Database
from tocsin_common.testing import serving
from tocsin_common.testing.faults import faults_in


async def test_nothing_is_found_at_the_operators_and_the_officers_door(
    settings: Settings, database: Database, streams: Nats, operator: dict[str, str]
) -> None:
    app = create_app(settings=settings)
    async with serving(app) as client:
        found = await faults_in(app, client, operator, paths="^/v1/admin")
        assert not found, found
        made = await client.post("/v1/admin/officers", json={"name": "Ines"}, headers=operator)
        officer = client.with_key(made.json()["key"])
        found = await faults_in(app, client, officer, paths="^/v1/(?!admin)")
        assert not found, found
