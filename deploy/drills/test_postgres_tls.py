"""PostgreSQL's own TLS: services speak to the server that was meant, and to no other."""

import ssl
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

import asyncpg
import pytest
from sqlalchemy import text
from tools import nats_certificates

from deploy.drills.compose import ROOT
from tocsin_cli.embedded.ports import free_port
from tocsin_common import migrations
from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_contracts.streams import BUYER_PORTAL_API

IMAGE = "tocsin-drill/postgres-tls"
STARTED = 180.0  # seconds


@dataclass(frozen=True)
class Server:
    """A PostgreSQL that was built with TLS, for 127.0.0.1."""

    password: str
    port: int
    authority: Path

    def url(self, host: str = "127.0.0.1") -> str:
        return f"postgresql://postgres:{self.password}@{host}:{self.port}/postgres"

    def database(self, host: str = "127.0.0.1", ca_file: Path | None = None) -> Database:
        return Database(self.url(host), name="drill", ca_file=ca_file or self.authority)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a certificate for 127.0.0.1 and of the authority that signed it."""
    folder = tmp_path_factory.mktemp("certificates")
    folder.chmod(0o755)
    made = nats_certificates.make(["127.0.0.1"])
    for name, content in (
        ("ca.crt", made.authority),
        ("tls.crt", made.server),
        ("tls.key", made.server_key),
    ):
        (folder / name).write_text(content)
    return folder


@pytest.fixture(scope="module")
def server(certificates: Path) -> Generator[Server]:
    build = ("docker", "build", "-q", "-t", IMAGE, "deploy/drills/postgres-tls")
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    server = Server(token_urlsafe(), free_port(), certificates / "ca.crt")
    started = subprocess.run(
        [
            *("docker", "run", "--detach", "--rm", "--publish", f"127.0.0.1:{server.port}:5432"),
            *(
                "--volume",
                f"{certificates}:/certificate:ro",
                "--env",
                f"PASSWORD={server.password}",
            ),
            IMAGE,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    try:
        yield server
    finally:
        subprocess.run(["docker", "kill", started.stdout.strip()], capture_output=True, check=True)


async def is_up(server: Server) -> bool:
    """Whether it answers at all: that it wants TLS is an answer, too."""
    try:
        await asyncpg.connect(server.url(), ssl=False, timeout=5)
    except asyncpg.InvalidAuthorizationSpecificationError:
        return True
    except (OSError, asyncpg.PostgresError):
        return False
    raise AssertionError("it let somebody in without TLS")


async def test_the_pool_and_a_migration_speak_tls_with_the_server_that_was_meant(
    server: Server,
) -> None:
    await eventually(lambda: is_up(server), within=STARTED)
    database = server.database()

    assert await migrations.migrate(f"tocsin_{BUYER_PORTAL_API}", database) is True
    async with database.begin() as tx:
        asked = text("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()")
        encrypted, version = (await tx.execute(asked)).one()
    await database.close()

    assert encrypted is True
    assert version in {"TLSv1.2", "TLSv1.3"}


async def test_a_server_that_another_authority_signed_is_refused(
    server: Server, tmp_path: Path
) -> None:
    await eventually(lambda: is_up(server), within=STARTED)
    other = tmp_path / "other.crt"
    other.write_text(nats_certificates.make(["127.0.0.1"]).authority)
    database = server.database(ca_file=other)

    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        await database.connect()
    await database.close()


async def test_a_server_under_another_name_is_refused(server: Server) -> None:
    await eventually(lambda: is_up(server), within=STARTED)
    database = server.database("localhost")

    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        await database.connect()
    await database.close()
