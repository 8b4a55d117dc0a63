"""PostgreSQL by TLS: every way in speaks it, to the server that was meant and to no other."""

import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from builders import a_status
from certificates import make_certificate
from conftest import Shipping
from nats.aio.client import Client as Nats
from sqlalchemy import text
from tls_end import TlsEnd

from tocsin_common import migrations, outbox
from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_common.testing.servers import Servers
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """The folder of a certificate for 127.0.0.1, which is its own authority."""
    make_certificate(tmp_path)
    return tmp_path


@pytest_asyncio.fixture(loop_scope="session")
async def end(database: Database, certificate: Path) -> AsyncGenerator[TlsEnd]:
    end = TlsEnd(database.dsn, certificate)
    async with end.running():
        yield end


@pytest_asyncio.fixture(loop_scope="session")
async def secured(end: TlsEnd, certificate: Path) -> AsyncGenerator[Database]:
    """The service's database as a service reaches it that was told of the authority."""
    database = Database(end.url(), name=CASES, ca_file=certificate / "tls.crt")
    yield database
    await database.close()


async def test_the_pool_and_the_relay_speak_tls_and_nothing_else(
    secured: Database, end: TlsEnd, streams: Nats, shipping: Shipping
) -> None:
    async with shipping(source=secured):
        async with secured.begin() as tx:
            await outbox.record(tx, [a_status()])

        async def shipped() -> bool:
            async with secured.begin() as tx:
                return await tx.scalar(text("select count(*) from outbox")) == 0

        await eventually(shipped)

    assert (await streams.jetstream().stream_info("CASES")).state.messages == 1
    assert end.secured >= 2
    assert end.turned_away == 0


async def test_a_schema_is_migrated_by_tls(servers: Servers, certificate: Path) -> None:
    connection = await asyncpg.connect(servers.postgres.url(BUYER_PORTAL_API))
    await connection.execute("drop schema if exists public cascade; create schema public")
    await connection.close()
    end = TlsEnd(servers.postgres.url(BUYER_PORTAL_API), certificate)
    async with end.running():
        database = Database(end.url(), name="migrate", ca_file=certificate / "tls.crt")

        assert await migrations.migrate("sample", database) is True
        await database.close()

    assert end.turned_away == 0


async def test_a_server_that_another_authority_signed_is_told_nothing(
    end: TlsEnd, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    make_certificate(other)
    database = Database(end.url(), name=CASES, ca_file=other / "tls.crt")

    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        await database.connect()

    assert end.secured == 0
    await database.close()


async def test_a_server_under_another_name_is_told_nothing(end: TlsEnd, certificate: Path) -> None:
    database = Database(end.url("localhost"), name=CASES, ca_file=certificate / "tls.crt")

    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        await database.connect()

    assert end.secured == 0
    await database.close()


async def test_a_server_without_tls_is_refused_where_an_authority_is_named(
    database: Database, certificate: Path
) -> None:
    named = Database(database.dsn, name=CASES, ca_file=certificate / "tls.crt")

    with pytest.raises(ConnectionError, match="rejected SSL upgrade"):
        await named.connect()
    with pytest.raises(ConnectionError, match="rejected SSL upgrade"):
        async with named.begin():
            pass

    await named.close()


async def test_who_names_no_authority_is_turned_away_in_clear(end: TlsEnd) -> None:
    with pytest.raises((OSError, asyncpg.PostgresError)):
        await asyncpg.connect(end.url(), ssl=False, timeout=5)

    assert end.turned_away == 1
