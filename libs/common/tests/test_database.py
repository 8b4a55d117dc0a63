"""Transactions: all or nothing, committed before anybody is told."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter, FastAPI
from pydantic import SecretStr
from sample.models import Note
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import http
from tocsin_common.database import Database, Session, after_commit, driver
from tocsin_common.errors import is_outage
from tocsin_common.settings import Settings
from tocsin_common.testing import serving
from tocsin_common.testing.servers import Servers

INSERT = "insert into note (id, words) values ($1, 'good')"


class Refused(Exception):
    """Something that makes a transaction fail."""


@asynccontextmanager
async def refused(database: Database) -> AsyncGenerator[AsyncConnection]:
    """A transaction that fails at its end."""
    with suppress(Refused):
        async with database.begin() as tx:
            yield tx
            raise Refused


async def notes(database: Database) -> int:
    async with database.begin() as tx:
        return (await tx.execute(text("select count(*) from note"))).scalar_one()


async def test_a_statement_on_the_driver_commits_with_its_transaction(database: Database) -> None:
    async with database.begin() as tx:
        await (await driver(tx)).execute(INSERT, uuid4())

    assert await notes(database) == 1


async def test_a_statement_on_the_driver_is_undone_with_its_transaction(
    database: Database,
) -> None:
    async with refused(database) as tx:
        await (await driver(tx)).execute(INSERT, uuid4())

    assert await notes(database) == 0


@pytest.mark.parametrize("driver_first", [True, False])
async def test_statements_on_the_driver_and_on_sqlalchemy_share_one_transaction(
    database: Database, driver_first: bool
) -> None:
    async with refused(database) as tx:
        if not driver_first:
            await tx.execute(text("insert into note (id, words) values (:id, '')"), one_id())
        await (await driver(tx)).execute(INSERT, uuid4())
        await tx.execute(text("insert into note (id, words) values (:id, '')"), one_id())

    assert await notes(database) == 0


def one_id() -> dict[str, UUID]:
    return {"id": uuid4()}


async def test_what_is_to_follow_a_commit_follows_no_rollback(database: Database) -> None:
    called: list[str] = []

    async with refused(database) as tx:
        after_commit(tx, lambda: called.append("rolled back"))
    async with database.begin() as tx:
        after_commit(tx, lambda: called.append("committed"))
        assert not called

    assert called == ["committed"]


async def test_a_connection_that_died_with_the_server_is_not_handed_out_again(
    database: Database, servers: Servers
) -> None:
    together = asyncio.Barrier(8)

    async def use(*, with_the_driver: bool) -> bool:
        try:
            async with database.begin() as tx:
                await together.wait()  # so that each has a connection of its own
                if with_the_driver:
                    await (await driver(tx)).fetchval("select 1")
                else:
                    await tx.execute(text("select 1"))
        except Exception as error:
            if not is_outage(error):
                raise
            return False
        return True

    async def all_use(*, with_the_driver: bool) -> list[bool]:
        return await asyncio.gather(*(use(with_the_driver=with_the_driver) for _ in range(8)))

    for with_the_driver in (True, False):
        assert all(await all_use(with_the_driver=with_the_driver))

        servers.postgres.kill()
        servers.postgres.start()

        await all_use(with_the_driver=with_the_driver)  # may be the ones that notice
        assert all(await all_use(with_the_driver=with_the_driver))


async def test_a_transaction_that_was_cancelled_leaves_a_usable_connection(
    database: Database,
) -> None:
    async def hang() -> None:
        async with asyncio.timeout(0.02), database.begin() as tx:
            connection = await driver(tx)
            await connection.execute(INSERT, uuid4())
            await connection.execute("select pg_sleep(10)")

    for _ in range(10):
        with pytest.raises(TimeoutError):
            await hang()

    assert await notes(database) == 0


# over HTTP


def app_of(database: Database) -> FastAPI:
    router = APIRouter()

    @router.post("/notes", status_code=201)
    async def write(session: Session, note: dict[str, UUID | None]) -> dict[str, bool]:
        session.add(Note(id=uuid4(), complaint_id=note["about"], words="good"))
        return {"written": True}

    _ = write
    settings = Settings(database_url=SecretStr(database.dsn), hash_key=b"k" * 32)
    app = http.create_app(
        "Notes", settings, version="1", routers=[router], running=[], waiting_for=list
    )
    app.state.database = database
    return app


async def test_a_201_is_sent_after_the_commit(database: Database) -> None:
    async with serving(app_of(database)) as client:
        answer = await client.post("/notes", json={"about": None})

        assert answer.status == 201
        assert await notes(database) == 1


async def test_a_commit_that_fails_is_never_answered_with_success(database: Database) -> None:
    about_nothing = {"about": str(uuid4())}  # only the commit will find that it is not there

    async with serving(app_of(database)) as client:
        answer = await client.post("/notes", json=about_nothing)

        assert answer.status == 500
        assert answer.json()["code"] == "internal"
        assert await notes(database) == 0
