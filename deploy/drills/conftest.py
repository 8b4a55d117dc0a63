"""One Tocsin in containers for all drills, on disks that can be filled, and what it promised."""

import os
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from tests.support import world
from tests.support.ledger import Ledger, Reports
from tests.support.receiver import Receiver
from tests.support.world import World, a_place
from tools import compose_secrets

from deploy.drills.compose import Compose, ComposedTocsin, connected
from tocsin_cli.secrets import Secrets

# So many that no case gets more complaints than an officer is shown of one.
LOUD = [a_place(number) for number in range(40)]
QUIET = [a_place(number, country="TH") for number in range(900, 920)]
CODES = ["wages.unpaid", "hours.excessive"]
DISKS = {"postgres": ("768m", 999), "nats": ("256m", 0)}  # size, and whose it is


@pytest.fixture(scope="session")
def disks() -> Generator[dict[str, Path]]:
    """A small disk for each server; only root can make one, others get ordinary folders."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-drill-"))
        yield {name: stack.enter_context(disk(Path(folder) / name, name)) for name in DISKS}


@contextmanager
def disk(place: Path, name: str) -> Generator[Path]:
    size, owner = DISKS[name]
    place.mkdir()
    if os.geteuid() != 0:
        place.chmod(0o777)
        yield place
        return
    options = f"size={size},uid={owner},gid={owner},mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tocsin-drill", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tocsin(
    tmp_path_factory: pytest.TempPathFactory, disks: dict[str, Path]
) -> AsyncGenerator[ComposedTocsin]:
    folder = tmp_path_factory.mktemp("secrets")
    compose_secrets.write(folder)
    compose = Compose(folder)
    compose.environment |= {f"DRILL_{name.upper()}": str(place) for name, place in disks.items()}
    try:
        compose.start()
        async with connected(compose, Secrets.read(folder)) as tocsin:
            yield tocsin
    finally:
        compose.run("down", "--volumes", "--remove-orphans", "--timeout", "5")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def receiver(tocsin: ComposedTocsin) -> AsyncGenerator[Receiver]:
    async with Receiver().running(tocsin.host) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def everybody(tocsin: ComposedTocsin, receiver: Receiver) -> World:
    return await world.build(tocsin, receiver, [*LOUD, *QUIET])


@pytest.fixture(scope="session")
def ledger() -> Ledger:
    """All that was promised while these tests run."""
    return Ledger()


@pytest.fixture(scope="session")
def reports() -> Reports:
    """What hotlines hand in, one after the other."""
    return Reports(LOUD, QUIET, CODES)
