"""The overlays, rendered."""

from typing import Any

import pytest

from deploy.checks.rendered import OVERLAYS, load

Object = dict[str, Any]


@pytest.fixture(scope="session", params=OVERLAYS)
def objects(request: pytest.FixtureRequest) -> list[Object]:
    return load(request.param)


@pytest.fixture(scope="session")
def production() -> list[Object]:
    return load("production")
