"""Intake keeps to its own OpenAPI document, whatever it is sent."""

from nats.aio.client import Client as Nats

from tocsin_common.database import Database
from tocsin_common.testing import serving
from tocsin_common.testing.faults import faults_in
from tocsin_intake.app import create_app
from tocsin_intake.settings import Settings


async def test_nothing_is_found_at_the_operators_door(
    settings: Settings, database: Database, streams: Nats, operator: dict[str, str]
) -> None:
    app = create_app(settings=settings)
    async with serving(app) as client:
        found = await faults_in(app, client, operator, paths="^/v1/admin")
        assert not found, found


async def test_nothing_is_found_at_the_hotlines_door(
    settings: Settings, database: Database, streams: Nats, operator: dict[str, str]
) -> None:
    app = create_app(settings=settings)
    async with serving(app) as client:
        made = await client.post(
            "/v1/admin/integrations", json={"name": "Night line"}, headers=operator
        )
        key = client.with_key(made.json()["key"])
        found = await faults_in(app, client, key, paths="^/v1/(?!admin|integrations)")
        assert not found, found
