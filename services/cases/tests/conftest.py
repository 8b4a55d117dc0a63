"""Cases under test: its database, its application, and intake's side of the sealed mail."""

import base64
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from nats.aio.client import Client as Nats
from stage import Stage

from tocsin_cases.app import box_of, create_app
from tocsin_cases.casework.handlers import Desk
from tocsin_cases.settings import Settings
from tocsin_common.database import Database
from tocsin_common.sealing import Box
from tocsin_common.testing import serving, settings_from
from tocsin_common.testing.http import Client
from tocsin_common.testing.servers import Servers
from tocsin_contracts import taxonomy
from tocsin_contracts.streams import CASES, INTAKE

Header = dict[str, str]


@pytest.fixture(scope="session")
def service_name() -> str:
    return CASES


@pytest.fixture(scope="session")
def chosen() -> dict[str, str]:
    """Slots every second, and nothing to wait for between them."""
    return {
        "TOCSIN_SLOTS": "every 1s",
        "TOCSIN_SETTLE_SECONDS": "0",
        "TOCSIN_SPREAD_SECONDS": "0",
        "TOCSIN_NOTICE_SECONDS": "0",
    }


def settings_of(environment: dict[str, str]) -> Settings:
    return settings_from(environment, Settings)


@pytest.fixture(scope="session")
def settings(environment: dict[str, str]) -> Settings:
    return settings_of(environment)


@pytest.fixture(scope="session")
def intake_box(servers: Servers) -> Box:
    """What intake seals with."""
    keys = servers.environment(INTAKE)
    return Box(key_of(keys["TOCSIN_BOX_PRIVATE_KEY"]), key_of(keys["TOCSIN_CASES_BOX_PUBLIC_KEY"]))


def key_of(text: str) -> bytes:
    return base64.b64decode(text)


@pytest.fixture(scope="session")
def desk(settings: Settings) -> Desk:
    """What cases reads complaints with."""
    return Desk(box_of(settings), taxonomy.shipped())


@pytest_asyncio.fixture(loop_scope="session")
async def cases(settings: Settings, database: Database, streams: Nats) -> AsyncGenerator[Client]:
    """The application, served, with the streams it hears and tells."""
    async with serving(create_app(settings=settings)) as client:
        yield client


@pytest.fixture
def operator(settings: Settings) -> Header:
    return {"Authorization": f"Bearer {settings.admin_key.get_secret_value()}"}


@pytest_asyncio.fixture(loop_scope="session")
async def officer(cases: Client, operator: Header) -> Header:
    """The header a registered officer sends."""
    answer = await cases.http.post(
        "/v1/admin/officers", json={"name": "Ines Okafor"}, headers=operator
    )
    assert answer.status == 201
    return cases.with_key((await answer.json())["key"])


@pytest.fixture
def stage(database: Database, desk: Desk) -> Stage:
    """Cases without its HTTP edge and its bus, under the test's own clock."""
    return Stage(database, desk)
