"""A full disk: nothing that was acknowledged is lost, and all goes on once there is room again."""

import os
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.promises.test_nothing_is_lost import complaints_in_cases
from tests.support.ledger import Ledger, Reports
from tests.support.tocsin import PATIENCE
from tests.support.world import World

from deploy.drills.compose import ComposedTocsin
from deploy.drills.load import loaded, more_are_accepted
from tocsin_common.testing import eventually
from tocsin_contracts.streams import INTAKE

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")
PIECE = bytes(1 << 16)


@contextmanager
def full(disk: Path) -> Generator[None]:
    """Leave no room on a disk until the block ends."""
    ballast = disk / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(PIECE) == len(PIECE):
                    pass
            except OSError:
                pass
        yield
    finally:
        ballast.unlink()


async def test_while_nats_has_no_room_intake_accepts_and_ships_later(
    tocsin: ComposedTocsin,
    disks: dict[str, Path],
    everybody: World,
    reports: Reports,
    ledger: Ledger,
) -> None:
    async with loaded(everybody, reports, ledger):
        await more_are_accepted(ledger)
        with full(disks["nats"]):
            await eventually(lambda: stuck(tocsin), within=PATIENCE)
            await more_are_accepted(ledger)
        tocsin.compose.run("restart", "nats")  # the runbook's step: JetStream gave up
        await tocsin.ready()
    await tocsin.quiet()

    assert await complaints_in_cases(everybody) == Counter(ledger.accepted.values())


async def stuck(tocsin: ComposedTocsin) -> bool:
    waiting = (await tocsin.http[INTAKE].get("/readyz")).json()["waiting_for"]
    return any("outbox" in one or "nats" in one for one in waiting)


async def test_while_postgresql_has_no_room_intake_refuses_what_it_cannot_keep(
    tocsin: ComposedTocsin,
    disks: dict[str, Path],
    everybody: World,
    reports: Reports,
    ledger: Ledger,
) -> None:
    async with loaded(everybody, reports, ledger):
        await more_are_accepted(ledger)
        refused = ledger.answers["503"]
        with full(disks["postgres"]):
            await eventually(lambda: ledger.answers["503"] > refused, within=PATIENCE)
        await tocsin.ready()
        await more_are_accepted(ledger)
    await tocsin.quiet()

    assert not ledger.contradictions
    assert await complaints_in_cases(everybody) == Counter(ledger.accepted.values())
