"""API keys: known from memory, news within seconds, and guesses cost the database nothing."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from fastapi import APIRouter, Request
from pydantic import SecretStr
from sqlalchemy import text

from tocsin_common import http
from tocsin_common.auth import KeyRing, hash_of, new_key
from tocsin_common.database import Database
from tocsin_common.settings import Settings
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.http import Client
from tocsin_common.testing.servers import Servers

HASH_KEY = b"k" * 32


class Callers:
    """Callers whose keys are in the database, and how often it was asked for them."""

    def __init__(self, database: Database) -> None:
        self.loads = 0
        self._database = database

    async def load(self) -> Mapping[bytes, UUID]:
        self.loads += 1
        async with self._database.begin() as tx:
            rows = await tx.execute(text("select words, id from note"))
            return {bytes.fromhex(row.words): row.id for row in rows}

    async def add(self) -> str:
        """Register a caller, and return the key."""
        key = new_key("test")
        row = {"id": uuid4(), "hash": hash_of(HASH_KEY, key).hex()}
        async with self._database.begin() as tx:
            await tx.execute(text("insert into note (id, words) values (:id, :hash)"), row)
        return key

    async def disable(self) -> None:
        """Take everybody's keys away."""
        async with self._database.begin() as tx:
            await tx.execute(text("delete from note"))


@pytest.fixture
def callers(database: Database) -> Callers:
    return Callers(database)


@asynccontextmanager
async def door(database: Database, callers: Callers, *hash_keys: bytes) -> AsyncGenerator[Client]:
    """An application that lets in whom it knows."""
    ring: KeyRing[UUID] = KeyRing(hash_keys or [HASH_KEY], callers.load)
    router = APIRouter()

    @router.get("/me")
    async def me(request: Request) -> UUID:
        return await ring.caller(request)

    _ = me
    app = http.create_app(
        "Door",
        Settings(database_url=SecretStr(database.dsn), hash_key=HASH_KEY),
        version="1",
        routers=[router],
        running=[ring.running],
        waiting_for=list,
    )
    async with serving(app) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def client(database: Database, callers: Callers) -> AsyncGenerator[Client]:
    async with door(database, callers) as client:
        yield client


async def status(client: Client, key: str) -> int:
    return (await client.get("/me", headers=client.with_key(key))).status


async def test_a_known_key_is_answered_from_memory(client: Client, callers: Callers) -> None:
    key = await callers.add()
    assert await status(client, key) == 200
    loads, began = callers.loads, time.monotonic()

    answers = [await status(client, key) for _ in range(200)]

    assert set(answers) == {200}
    assert callers.loads - loads <= 1 + (time.monotonic() - began) / 3


async def test_a_new_key_works_at_once(client: Client, callers: Callers) -> None:
    assert await status(client, new_key("test")) == 401

    for _ in range(3):
        assert await status(client, await callers.add()) == 200


async def test_a_key_is_known_by_a_hash_key_that_was_replaced_until_that_is_forgotten(
    database: Database, callers: Callers
) -> None:
    key, new_hash_key = await callers.add(), b"n" * 32

    async with door(database, callers, new_hash_key, HASH_KEY) as turning:
        assert await status(turning, key) == 200
        assert await status(turning, new_key("test")) == 401
    async with door(database, callers, new_hash_key) as turned:
        assert await status(turned, key) == 401


async def test_a_disabled_key_is_refused_within_five_seconds(
    client: Client, callers: Callers
) -> None:
    key = await callers.add()
    assert await status(client, key) == 200

    await callers.disable()

    async def refused() -> bool:
        return await status(client, key) == 401

    await eventually(refused, within=5)


async def test_a_flood_of_wrong_keys_costs_few_queries_and_holds_nobody_up(
    client: Client, callers: Callers
) -> None:
    key = await callers.add()
    assert await status(client, key) == 200
    loads, began = callers.loads, time.monotonic()

    async def guess() -> list[int]:
        return [await status(client, new_key("test")) for _ in range(3)]

    guessing = [asyncio.create_task(guess()) for _ in range(100)]
    waits: list[float] = []
    while not all(task.done() for task in guessing):
        asked = time.monotonic()
        assert await status(client, key) == 200
        waits.append(time.monotonic() - asked)

    assert {answer for task in guessing for answer in task.result()} == {401}
    assert callers.loads - loads <= 2 + (time.monotonic() - began) / 0.3
    assert sorted(waits)[len(waits) // 2] < 0.25


@pytest.mark.parametrize("shown", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwdw==", "Token x"])
async def test_whoever_shows_no_key_is_told_how(client: Client, shown: str | None) -> None:
    headers = {} if shown is None else {"Authorization": shown}

    answer = await client.get("/me", headers=headers)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "not_authenticated"


async def test_no_valid_key_is_called_wrong_because_the_database_is_away(
    database: Database, callers: Callers, servers: Servers
) -> None:
    key = await callers.add()
    servers.postgres.kill()

    async with door(database, callers) as client:
        answer = await client.get("/me", headers=client.with_key(key))
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "1"

        servers.postgres.start()
        assert await status(client, key) == 200
        assert await status(client, new_key("test")) == 401


async def test_a_known_key_works_on_while_the_database_is_away(
    client: Client, callers: Callers, servers: Servers
) -> None:
    key = await callers.add()
    assert await status(client, key) == 200

    servers.postgres.kill()
    try:
        assert await status(client, new_key("test")) == 503
        assert await status(client, key) == 200
    finally:
        servers.postgres.start()


def test_a_key_is_stored_as_a_hash_that_needs_another_secret() -> None:
    key = new_key("live")

    assert key.startswith("tcs_live_")
    assert len(key) == len("tcs_live_") + 64
    assert hash_of(HASH_KEY, key) != hash_of(b"other" + HASH_KEY[5:], key)
    assert hash_of(HASH_KEY, key) != hash_of(HASH_KEY, new_key("live"))
