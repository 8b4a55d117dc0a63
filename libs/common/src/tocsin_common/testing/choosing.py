"""Which tests run where: on containers only those that touch a server."""

import os

import pytest

CONTAINERS = "containers"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, on containers, what would only be the same again."""
    if os.environ.get("TOCSIN_TEST_INFRA") == CONTAINERS:
        left_out = [item for item in items if not touches_a_server(item)]
        items[:] = [item for item in items if touches_a_server(item)]
        config.hook.pytest_deselected(items=left_out)


def touches_a_server(item: pytest.Item) -> bool:
    """Whether it asks for PostgreSQL and NATS, itself or through another fixture."""
    return "servers" in getattr(item, "fixturenames", ())
