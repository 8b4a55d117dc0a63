"""What every module here starts from: all of Tocsin once, and a server that plays the buyer's."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.support.receiver import Receiver
from tests.support.tocsin import Tocsin, running


@pytest.fixture(scope="module")
def chosen_settings() -> dict[str, str]:
    """Settings of all four services that a module chooses; it may override this."""
    return {}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tocsin(chosen_settings: dict[str, str]) -> AsyncGenerator[Tocsin]:
    """All of Tocsin, with durable settings and a slot every two seconds."""
    async with running(chosen_settings) as all_of_it:
        yield all_of_it


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def receiver() -> AsyncGenerator[Receiver]:
    """The buyer's own server."""
    async with Receiver().running() as server:
        yield server
