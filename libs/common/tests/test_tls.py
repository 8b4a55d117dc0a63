"""NATS behind TLS, with a certificate of the operator's own authority."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path
from types import SimpleNamespace

import nats
import pytest
import pytest_asyncio
from certificates import make_certificate

from tocsin_cli.embedded.binaries import nats_program
from tocsin_cli.embedded.ports import free_port
from tocsin_common import provision
from tocsin_common.database import Database
from tocsin_common.messaging import Bus
from tocsin_common.testing import eventually
from tocsin_common.tls import tls_for
from tocsin_contracts.permissions import USERS, inbox_prefix, server_config
from tocsin_contracts.streams import CASES

PASSWORD = "secret"


@pytest_asyncio.fixture(loop_scope="session")
async def secured(tmp_path: Path) -> AsyncGenerator[SimpleNamespace]:
    """A nats-server that speaks nothing but TLS, and its authority's certificate."""
    make_certificate(tmp_path)
    port = free_port()
    config = tmp_path / "nats.conf"
    config.write_text(
        server_config(dict.fromkeys(USERS, PASSWORD), store_dir=str(tmp_path / "js"), port=port)
        + f'tls {{ cert_file: "{tmp_path}/tls.crt", key_file: "{tmp_path}/tls.key"'
        ", handshake_first: true }\n"
    )
    server = await asyncio.create_subprocess_exec(
        nats_program(None), "-c", str(config), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield SimpleNamespace(url=f"tls://127.0.0.1:{port}", ca_file=tmp_path / "tls.crt")
    finally:
        server.kill()
        await server.wait()


async def test_a_service_and_provisioning_trust_the_authority_they_are_told_of(
    secured: SimpleNamespace, database: Database
) -> None:
    bus = Bus(CASES, url=secured.url, password=PASSWORD, database=database, ca_file=secured.ca_file)

    async with bus.running():
        await eventually(lambda: bus.waiting_for() is None)

    client = await nats.connect(
        secured.url,
        tls=tls_for(secured.url, secured.ca_file),
        tls_handshake_first=True,
        user="provision",
        password=PASSWORD,
        inbox_prefix=inbox_prefix("provision"),
    )
    await provision.provision(
        client.jetstream(), provision.ProvisionSettings(stream_max_bytes=1 << 20)
    )
    await client.close()


async def test_a_certificate_of_an_unknown_authority_is_refused(secured: SimpleNamespace) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await nats.connect(
            secured.url,
            tls=tls_for(secured.url, None),
            tls_handshake_first=True,
            user=CASES,
            password=PASSWORD,
            allow_reconnect=False,
            connect_timeout=10,
        )


def test_a_server_without_tls_needs_nothing() -> None:
    assert tls_for("nats://127.0.0.1:4222", None) is None
