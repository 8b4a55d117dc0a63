"""Notifications keeps to its own OpenAPI document, whatever it is sent.

Only `POST /v1/listen/next` is left out: it waits for alerts longer than Schemathesis does.
"""

from scene import Scene

from tocsin_common.testing import serving
from tocsin_common.testing.faults import faults_in
from tocsin_notifications.app import create_app
from tocsin_notifications.settings import Settings


async def test_nothing_is_found_at_the_operators_and_the_buyers_door(
    settings: Settings, scene: Scene
) -> None:
    app = create_app(settings=settings)
    async with serving(app) as client:
        scene.client = client
        key = (await scene.buyer()).key
        found = await faults_in(app, client, key, paths="^/v1/(?!admin|listen/next)")
        assert not found, found
        operator = client.with_key(settings.admin_key.get_secret_value())
        found = await faults_in(app, client, operator, paths="^/v1/admin")
        assert not found, found
