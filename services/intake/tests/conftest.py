"""Intake under test: its application on real servers, and a hotline that posts to it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio
from nats.aio.client import Client as Nats

from tocsin_common.database import Database
from tocsin_common.testing import serving, settings_from
from tocsin_common.testing.http import Client
from tocsin_intake.app import create_app
from tocsin_intake.settings import Settings

hypothesis.settings.register_profile("tocsin", deadline=None)  # a busy machine is no finding
hypothesis.settings.load_profile("tocsin")


@pytest.fixture(scope="session")
def service_name() -> str:
    return "intake"


@pytest.fixture(scope="session")
def attachments_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("attachments")


@pytest.fixture(scope="session")
def chosen(attachments_folder: Path) -> dict[str, str]:
    return {"TOCSIN_ATTACHMENTS_URL": attachments_folder.as_uri()}


@pytest.fixture(scope="session")
def settings(environment: dict[str, str]) -> Settings:
    return settings_from(environment, Settings)


@pytest_asyncio.fixture(loop_scope="session")
async def intake(settings: Settings, database: Database, streams: Nats) -> AsyncGenerator[Client]:
    async with serving(create_app(settings=settings)) as client:
        yield client


@pytest.fixture
def operator(settings: Settings) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.admin_key.get_secret_value()}"}


@pytest_asyncio.fixture(loop_scope="session")
async def hotline(intake: Client, operator: dict[str, str]) -> dict[str, str]:
    """The header a registered hotline sends."""
    answer = await intake.post(
        "/v1/admin/integrations", json={"name": "Night line"}, headers=operator
    )
    return intake.with_key(answer.json()["key"])
