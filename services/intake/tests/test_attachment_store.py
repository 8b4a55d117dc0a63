"""Attachments in an S3-compatible store: kept, given back, gone, and never where versions stay."""

import re
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from tocsin_intake.attachments.store import Store, StoreAway
from tocsin_intake.settings import Settings

ENABLED = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


@pytest.fixture(scope="module")
def address() -> Generator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@dataclass(frozen=True)
class Bucket:
    """A bucket, seen through the store's own API."""

    http: aiohttp.ClientSession
    name: str

    async def ask(self, method: str, question: str = "", body: str = "") -> str:
        async with self.http.request(method, f"/{self.name}{question}", data=body) as answer:
            assert answer.ok, await answer.text()
            return await answer.text()

    async def keys(self) -> list[str]:
        return re.findall("<Key>(.*?)</Key>", await self.ask("GET", "?list-type=2"))


@pytest_asyncio.fixture(loop_scope="session")
async def bucket(address: str) -> AsyncGenerator[Bucket]:
    async with aiohttp.ClientSession(address) as http:
        bucket = Bucket(http, f"evidence-{uuid4().hex}")
        await bucket.ask("PUT")
        yield bucket


@pytest.fixture
def store(settings: Settings, address: str, bucket: Bucket) -> Store:
    return Store(
        settings.model_copy(
            update={
                "attachments_url": f"s3://{bucket.name}/intake",
                "attachments_endpoint": address,
                "attachments_key_id": SecretStr("heron"),
                "attachments_secret_key": SecretStr("egret"),
            }
        )
    )


async def test_what_is_kept_comes_back_and_what_is_deleted_is_gone(
    store: Store, bucket: Bucket
) -> None:
    one, other = uuid4(), uuid4()
    await store.put(one, b"sealed" * 100_000)
    await store.put(other, b"other")

    assert await store.get(one) == b"sealed" * 100_000
    assert await store.get_some(one, 599_995, 600_000) == b"ealed"
    assert await store.get_some(one, 6, 18) == b"sealedsealed"
    await store.delete([one, uuid4()])

    assert await bucket.keys() == [f"intake/{other.hex[:2]}/{other.hex}"]
    with pytest.raises(StoreAway):
        await store.get(one)


async def test_nothing_is_kept_where_versions_would_stay(
    store: Store, bucket: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    await bucket.ask("PUT", "?versioning", ENABLED)

    with pytest.raises(StoreAway):
        await store.put(uuid4(), b"sealed")

    assert "versioning" in caplog.text
    assert await bucket.keys() == []


async def test_without_its_bucket_the_store_is_away(store: Store, bucket: Bucket) -> None:
    await bucket.ask("DELETE")

    with pytest.raises(StoreAway):
        await store.put(uuid4(), b"sealed")
