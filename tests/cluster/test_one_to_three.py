"""From one NATS server to three, as deploy/k8s/README.md says: nothing accepted is lost."""

import shutil
from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tools import nats_certificates, nats_config

from tests.cluster.nats_cluster import HOST, NatsCluster
from tests.cluster.test_three_servers import about, buyers_were_told, more_are_accepted
from tests.promises.test_nothing_is_lost import complaints_in_cases
from tests.support import world
from tests.support.ledger import Ledger, Reports
from tests.support.load import Load
from tests.support.receiver import Receiver
from tests.support.tocsin import FAST, PATIENCE, Tocsin, connected, new_directory
from tests.support.world import World, a_place
from tocsin_cli.stack import Stack
from tocsin_common.testing import eventually
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE, NOTIFICATIONS, STREAMS

LOUD = [a_place(number) for number in range(5)]
QUIET = [a_place(900, country="TH")]


@pytest.fixture
def directory() -> Generator[Path]:
    directory = new_directory()
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def test_the_ledger_balances_over_the_move_from_one_server_to_three(
    directory: Path, receiver: Receiver
) -> None:
    ledger = Ledger()
    reports = Reports(LOUD, QUIET, ["wages.unpaid", "hours.excessive"])
    one = Stack(directory, settings=FAST)
    try:
        one.start()
        async with connected(one) as before:
            everybody = await world.build(before, receiver, [*LOUD, *QUIET])
            await accept_some(everybody, reports, ledger)
            await empty_the_streams_and_go_on_accepting(before, everybody, reports, ledger)
    finally:
        one.stop()

    three = on_three_servers(directory)
    try:
        three.start()
        async with connected(three) as after, after.tended():
            for stream in STREAMS:
                info = await about(after, stream.name)
                assert info.cluster
                assert len(info.cluster.replicas or ()) == 2
            everybody = at(after, everybody)
            await accept_some(everybody, reports, ledger)
            await after.quiet()

            assert not ledger.contradictions
            assert await complaints_in_cases(everybody) == Counter(ledger.accepted.values())
            await eventually(lambda: buyers_were_told(everybody, receiver, ledger), within=PATIENCE)
            assert not receiver.contradictions()
    finally:
        three.stop()


async def accept_some(everybody: World, reports: Reports, ledger: Ledger) -> None:
    async with Load(everybody.hotline, reports, ledger).running():
        await more_are_accepted(ledger)


async def empty_the_streams_and_go_on_accepting(
    tocsin: Tocsin, everybody: World, reports: Reports, ledger: Ledger
) -> None:
    """Close the door until all is heard; then take the server away and open the door again."""
    intake = tocsin.stack.services[INTAKE]
    intake.stop()
    await tocsin.quiet()
    tocsin.stack.nats.stop()
    intake.start()
    await accept_some(everybody, reports, ledger)


def at(tocsin: Tocsin, everybody: World) -> World:
    """Everybody, with the same keys, at the same doors."""
    portal, notifications = tocsin.http[BUYER_PORTAL_API], tocsin.http[NOTIFICATIONS]
    buyer = everybody.buyer
    return replace(
        everybody,
        hotline=replace(everybody.hotline, client=tocsin.http[INTAKE]),
        officer=replace(everybody.officer, client=tocsin.http[CASES]),
        buyer=replace(
            buyer,
            portal=replace(buyer.portal, client=portal),
            notifications=replace(buyer.notifications, client=notifications),
        ),
    )


def on_three_servers(directory: Path) -> Stack:
    """The same databases and secrets, with new volumes for NATS."""
    certificates = nats_certificates.make([HOST])
    authority = directory / "ca.crt"
    authority.write_text(certificates.authority)
    settings = {
        **FAST,
        "TOCSIN_STREAM_REPLICAS": "3",
        "TOCSIN_STREAM_MAX_BYTES": str(nats_config.CLUSTER.max_bytes),
        "TOCSIN_NATS_CA_FILE": str(authority),
    }
    broker = partial(NatsCluster, certificates=certificates)
    return Stack(directory, settings=settings, broker=broker)
