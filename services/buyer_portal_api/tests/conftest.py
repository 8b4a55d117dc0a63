"""The portal under test: its application on real servers."""

import base64
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from nats.aio.client import Client as Nats
from portal import Caller, Portal

from tocsin_buyer_portal_api.app import create_app
from tocsin_buyer_portal_api.settings import Settings
from tocsin_common.database import Database
from tocsin_common.signatures import Signer
from tocsin_common.testing import serving, settings_from
from tocsin_common.testing.fixtures import TellRaw
from tocsin_common.testing.servers import Servers
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES


@pytest.fixture(scope="session")
def service_name() -> str:
    return BUYER_PORTAL_API


@pytest.fixture(scope="session")
def settings(environment: dict[str, str]) -> Settings:
    return settings_from(environment, Settings)


@pytest.fixture(scope="session")
def signer(servers: Servers) -> Signer:
    """Cases' own: what it signs, the portal trusts."""
    seed = servers.secrets.environment(CASES)["TOCSIN_ALERT_SIGNING_KEY"]
    return Signer(base64.b64decode(seed))


@pytest_asyncio.fixture(loop_scope="session")
async def portal(
    settings: Settings, database: Database, streams: Nats, tell: TellRaw, signer: Signer
) -> AsyncGenerator[Portal]:
    async with serving(create_app(settings=settings)) as client:
        operator = Caller(client, settings.admin_key.get_secret_value())
        yield Portal(client, operator, signer, streams, tell)
