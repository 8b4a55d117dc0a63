"""The embedded PostgreSQL: durable, closed, quiet, and hard to keep down."""

import subprocess
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

from tocsin_cli.embedded import Postgres, psql
from tocsin_cli.embedded import postgres as module
from tocsin_cli.embedded.account import server_account
from tocsin_cli.embedded.binaries import postgres_programs
from tocsin_cli.errors import Unusable
from tocsin_cli.secrets import Secrets
from tocsin_contracts.streams import CASES, INTAKE, SERVICES


def ask(url: str, question: str) -> str:
    return psql.run(postgres_programs(server_account()) / "psql", url, question)


def test_a_service_reaches_its_own_database_and_no_other(postgres: Postgres) -> None:
    for service in SERVICES:
        assert ask(postgres.url(service), "select current_user") == f"tocsin_{service}"

        own = f"tocsin_{service}"
        for other in (*(f"tocsin_{name}" for name in SERVICES), "postgres", "template1"):
            if other != own:
                with pytest.raises(psql.SqlFailed, match="permission denied for database"):
                    ask(postgres.url(service).removesuffix(own) + other, "select 1")


def test_a_wrong_password_opens_nothing(postgres: Postgres, secrets: Secrets) -> None:
    of_another = postgres.url(INTAKE).replace(
        secrets.database_password(INTAKE), secrets.database_password(CASES)
    )

    with pytest.raises(psql.SqlFailed, match="password authentication failed"):
        ask(of_another, "select 1")


def test_what_is_committed_is_on_disk(root: Path, secrets: Secrets) -> None:
    server = Postgres(root, secrets)
    server.start()

    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert server.run(f"show {setting}") == "on"
        assert server.run("show max_connections") == "100"
        assert server.run("show unix_socket_directories") == ""
        assert server.run("show listen_addresses") == "127.0.0.1"
    finally:
        server.stop()


def test_it_comes_back_on_the_same_data_and_port_after_a_power_cut(postgres: Postgres) -> None:
    url = postgres.url(INTAKE)
    ask(url, "create table complaint (id int); insert into complaint values (7)")
    idle = subprocess.Popen(
        [postgres_programs(server_account()) / "psql", "-X", url],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    for _ in range(3):
        postgres.kill()
        assert not postgres.running
        postgres.start()

    assert postgres.url(INTAKE) == url
    assert ask(url, "select id from complaint") == "7"
    idle.communicate()


def test_it_starts_where_a_dead_servers_number_is_now_another_process(
    postgres: Postgres, root: Path, stranger: subprocess.Popen[bytes]
) -> None:
    postgres.kill()
    note = root / "postgres" / "postmaster.pid"
    note.write_text(note.read_text().replace(note.read_text().split("\n")[0], str(stranger.pid)))

    postgres.start()

    assert postgres.run("select 1") == "1"


@pytest.fixture
def stranger() -> Generator[subprocess.Popen[bytes]]:
    """A process PostgreSQL may signal, and so takes for a server if its number fits."""
    account = server_account()
    process = subprocess.Popen(["/bin/sleep", "60"], user=account.uid if account else None)
    yield process
    process.kill()
    process.wait()


def test_two_do_not_run_on_the_same_data(
    postgres: Postgres, root: Path, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PREDECESSOR_PATIENCE", 0.1)

    with pytest.raises(Unusable, match=f"process {postgres.pid}"):
        Postgres(root, secrets).start()

    assert postgres.run("select 1") == "1"


def test_an_interrupted_creation_does_no_harm(root: Path, secrets: Secrets) -> None:
    (root / "postgres.new").mkdir()
    (root / "postgres.new" / "PG_VERSION").write_text("18")
    server = Postgres(root, secrets, durable=False)

    server.start()

    assert server.run("select 1") == "1"
    server.stop()


def test_its_log_quotes_no_value(postgres: Postgres) -> None:
    url = postgres.url(INTAKE)
    ask(url, "create table t (id int primary key check (id < 9), word text unique)")
    for wrong in (
        "select 'c4nary'::uuid",
        "insert into t values (10, 'c4nary')",
        "insert into t values (1, 'c4nary'), (2, 'c4nary')",
        "select * from c4nary",
        "do $$ begin raise exception 'c4nary'; end $$",
        "do $$ begin raise warning 'c4nary'; end $$",
    ):
        with suppress(psql.SqlFailed):
            ask(url, wrong)

    log = postgres.log.read_text()
    assert "ready to accept connections" in log
    assert "c4nary" not in log


def test_it_leaves_no_password_lying_about(postgres: Postgres, root: Path) -> None:
    assert sorted(file.name for file in root.iterdir()) == ["logs", "postgres"]
