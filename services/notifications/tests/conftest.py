"""Notifications under test: its application on real servers, and a buyer's receiver."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import pytest_asyncio
from mailbox_server import Mailbox
from nats.aio.client import Client as Nats
from receiver import Receiver
from scene import Scene

from tocsin_common.database import Database
from tocsin_common.testing import serving, settings_from
from tocsin_common.testing.http import Client
from tocsin_common.testing.servers import Servers
from tocsin_notifications.app import create_app
from tocsin_notifications.settings import Settings

Serve = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture(scope="session")
def service_name() -> str:
    return "notifications"


@pytest.fixture(scope="session")
def chosen() -> dict[str, str]:
    return {
        "TOCSIN_ALLOWED_NETWORKS": "127.0.0.0/8",
        "TOCSIN_RETRY_SCALE": "0.02",
        "TOCSIN_LEASE_SECONDS": "10",
        "TOCSIN_ATTEMPT_TIMEOUT": "5",
        "TOCSIN_PORTAL_URL": "https://portal.example",
    }


@pytest.fixture(scope="session")
def settings(environment: dict[str, str]) -> Settings:
    return settings_from(environment, Settings)


@pytest_asyncio.fixture(loop_scope="session")
async def receiver() -> AsyncGenerator[Receiver]:
    """The servers of buyers: each path is another endpoint."""
    async with Receiver().running() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def mailbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Mailbox]:
    """The operator's mail server."""
    async with Mailbox().running(tmp_path_factory.mktemp("mail")) as running:
        yield running


@pytest.fixture
def serve(settings: Settings, database: Database, streams: Nats) -> Serve:
    """Serve the application with some settings changed."""

    def start(resolver: Any = None, **changes: Any) -> AbstractAsyncContextManager[Client]:
        app = create_app(settings=settings.model_copy(update=changes), resolver=resolver)
        return serving(app)

    return start


@pytest.fixture
def scene(
    servers: Servers, settings: Settings, database: Database, streams: Nats, tell: Any
) -> Scene:
    """Buyers and alerts, told as the portal and cases tell them; nobody listens yet."""
    return Scene(servers.secrets, settings, database, streams, tell)


@pytest_asyncio.fixture(loop_scope="session")
async def mailing(serve: Serve, scene: Scene, mailbox: Mailbox) -> AsyncGenerator[Client]:
    """The application, served, with a mail server; the scene speaks to it."""
    async with serve(**mailbox.settings) as client:
        scene.client = client
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def notifications(serve: Serve, scene: Scene) -> AsyncGenerator[Client]:
    """The application, served; the scene speaks to it."""
    async with serve() as client:
        scene.client = client
        yield client
