"""A pytest plugin: real servers, a service's database, its streams, and HTTP as clients see it."""

from tocsin_common.testing.choosing import pytest_collection_modifyitems
from tocsin_common.testing.fixtures import (
    chosen,
    database,
    environment,
    eventually,
    migrated,
    real_data,
    servers,
    service_name,
    settings_from,
    streams,
    tell,
    told,
)
from tocsin_common.testing.hearing import all_heard
from tocsin_common.testing.http import serving

__all__ = [
    "all_heard",
    "chosen",
    "database",
    "environment",
    "eventually",
    "migrated",
    "pytest_collection_modifyitems",
    "real_data",
    "servers",
    "service_name",
    "serving",
    "settings_from",
    "streams",
    "tell",
    "told",
]
