"""Intake keeps to its own OpenAPI document, whatever it is sent."""

from typing import Any

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


async def test_nothing_is_found_along_the_links(
    settings: Settings, database: Database, streams: Nats, operator: dict[str, str]
) -> None:
    app = create_app(settings=settings)
    async with serving(app) as client:
        made = await client.post(
            "/v1/admin/integrations", json={"name": "Night line"}, headers=operator
        )
        key = client.with_key(made.json()["key"])
        doors = (("^/v1/admin", operator), ("^/v1/(?!admin|integrations|complaints/batch)", key))
        for paths, headers in doors:
            found = await faults_in(app, client, headers, paths=paths, only_links=True)
            assert not found, found


def test_every_link_leads_to_an_operation_with_what_it_takes(settings: Settings) -> None:
    document: Any = create_app(settings=settings).openapi()
    operations = {
        one["operationId"]: one for path in document["paths"].values() for one in path.values()
    }

    links = [
        link
        for one in operations.values()
        for answer in one["responses"].values()
        for link in answer.get("links", {}).values()
    ]

    assert len(links) > 20
    for link in links:
        target = operations[link["operationId"]]
        taken = {one["name"] for one in target.get("parameters", ()) if one["in"] == "path"}
        assert link.get("parameters", {}).keys() == taken, link
        assert ("requestBody" in link) <= ("requestBody" in target), link
