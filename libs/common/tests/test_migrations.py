"""A schema gets to its newest revision once, whoever else is at it."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest_asyncio
from sqlalchemy import text

from tocsin_common import migrations
from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_common.testing.servers import Servers
from tocsin_contracts.streams import BUYER_PORTAL_API

MIGRATE = """
import asyncio, sys
from tocsin_common import migrations
from tocsin_common.database import Database

async def main():
    database = Database(sys.argv[1], name="migrate")
    print(await migrations.migrate("sample", database))
    await database.close()

asyncio.run(main())
"""


@pytest_asyncio.fixture(loop_scope="session")
async def empty(servers: Servers) -> AsyncGenerator[Database]:
    """A database without any tables."""
    database = Database(servers.postgres.url(BUYER_PORTAL_API), name="tests")
    connection = await asyncpg.connect(database.dsn)
    await connection.execute("drop schema if exists public cascade; create schema public")
    await connection.close()
    yield database
    await database.close()


def test_the_head_is_the_newest_revision_that_is_shipped() -> None:
    assert migrations.head("sample") == "0002"


async def test_a_database_is_brought_to_the_head_once(empty: Database) -> None:
    assert await migrations.current(empty) is None

    assert await migrations.migrate("sample", empty) is True
    assert await migrations.current(empty) == "0002"

    assert await migrations.migrate("sample", empty) is False


async def test_the_previous_version_leaves_a_newer_schema_as_it_is(empty: Database) -> None:
    await migrations.migrate("sample", empty)
    async with empty.begin() as tx:
        await tx.execute(text("update alembic_version set version_num = '0003'"))

    assert await migrations.migrate("sample", empty) is False
    assert await migrations.current(empty) == "0003"


async def test_two_processes_may_migrate_at_once(empty: Database) -> None:
    connection = await asyncpg.connect(empty.dsn)
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", migrations.LOCK)
        both = [await migrating(empty.dsn) for _ in range(2)]

        async def both_wait() -> bool:
            waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            return await connection.fetchval(waiting) == 2

        await eventually(both_wait, within=30)
    await connection.close()

    for process in both:
        output, errors = await process.communicate()
        assert (process.returncode, output, errors) == (0, b"True\n", b"")
    assert await migrations.current(empty) == "0002"


async def migrating(dsn: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        MIGRATE,
        dsn,
        cwd=Path(__file__).parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
