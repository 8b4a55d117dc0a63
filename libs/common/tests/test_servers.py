"""Which servers tests run on, and what tests may do to them."""

import json
from pathlib import Path

import asyncpg
import nats
import pytest

from tocsin_cli.secrets import FILE
from tocsin_common.testing.servers import Servers, start
from tocsin_contracts.permissions import USERS, inbox_prefix
from tocsin_contracts.streams import CASES, SERVICES


@pytest.fixture
def given(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our own servers, named as somebody else's."""
    secrets = servers.secrets
    kept = {
        "postgres.password": secrets.postgres_password,
        **{f"{one}.database_password": secrets.database_password(one) for one in SERVICES},
        **{f"{user}.nats_password": secrets.nats_password(user) for user in USERS},
    }
    (tmp_path / FILE).write_text(json.dumps(kept))
    monkeypatch.setenv("TOCSIN_TEST_INFRA", "given")
    monkeypatch.setenv("TOCSIN_TEST_POSTGRES_URL", servers.postgres.admin_url)
    monkeypatch.setenv("TOCSIN_TEST_NATS_URL", servers.nats.url)
    monkeypatch.setenv("TOCSIN_TEST_SECRETS", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("given")
async def test_given_servers_are_used_as_they_are() -> None:
    with start() as there:
        database = await asyncpg.connect(there.postgres.url(CASES))
        assert await database.fetchval("select current_database()") == "tocsin_cases"
        await database.close()

        client = await nats.connect(
            there.nats.url,
            user=CASES,
            password=there.secrets.nats_password(CASES),
            inbox_prefix=inbox_prefix(CASES),
        )
        await client.close()


@pytest.mark.usefixtures("given")
def test_a_given_server_is_killed_by_no_test() -> None:
    with start() as there:
        for server in (there.postgres, there.nats):
            with pytest.raises(pytest.skip.Exception, match="not ours to kill"):
                server.kill()


def test_an_unknown_choice_of_servers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_TEST_INFRA", "somewhere")

    with pytest.raises(ValueError, match="embedded, containers, given"), start():
        pass
