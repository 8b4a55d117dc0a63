"""Complaints that keep coming while something is done to the containers."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.promises.test_nothing_is_lost import versions_of
from tests.support.ledger import Ledger, Reports
from tests.support.load import Load
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE
from tests.support.world import World

from tocsin_common.testing import eventually

ACCEPTED = 60  # complaints between what is done


@asynccontextmanager
async def loaded(everybody: World, reports: Reports, ledger: Ledger) -> AsyncGenerator[None]:
    """Post until the block ends; everything begun is accepted."""
    async with Load(everybody.hotline, reports, ledger).running():
        yield


async def more_are_accepted(ledger: Ledger) -> None:
    before = len(ledger.accepted)
    await eventually(lambda: len(ledger.accepted) >= before + ACCEPTED, within=PATIENCE)


async def buyers_were_told(everybody: World, receiver: Receiver, ledger: Ledger) -> bool:
    """Whether every alert that the ledger owes was released, shown and delivered."""
    released = versions_of(await everybody.officer.alerts())
    shown = versions_of(await everybody.buyer.alerts())
    return len(released) == len(ledger.alerts()) and released == shown == receiver.newest()
