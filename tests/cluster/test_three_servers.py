"""Three NATS servers: a stream's leader is killed under load (P1), and nobody speaks in clear."""

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

import nats
import pytest
import pytest_asyncio
from nats.errors import Error as NatsError
from nats.js.api import StreamInfo
from tools import nats_certificates, nats_config

from tests.cluster.nats_cluster import HOST, NatsCluster
from tests.promises.test_nothing_is_lost import complaints_in_cases, versions_of
from tests.support import world
from tests.support.ledger import Ledger, Reports
from tests.support.load import Load
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE, Tocsin, running
from tests.support.world import World, a_place
from tocsin_common.testing import eventually
from tocsin_common.tls import tls_for
from tocsin_contracts.streams import CASES, STREAMS

LOUD = [a_place(number) for number in range(5)]
QUIET = [a_place(900, country="TH")]
CODES = ["wages.unpaid", "hours.excessive"]
ACCEPTED = 40  # complaints between what happens
KILLED = ("COMPLAINTS", "ALERTS")  # the streams whose leaders die


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tocsin(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Tocsin]:
    """All of Tocsin over TLS, with three copies of every stream."""
    certificates = nats_certificates.make([HOST])
    authority = tmp_path_factory.mktemp("authority") / "ca.crt"
    authority.write_text(certificates.authority)
    settings = {
        "TOCSIN_STREAM_REPLICAS": "3",
        "TOCSIN_STREAM_MAX_BYTES": str(nats_config.CLUSTER.max_bytes),
        "TOCSIN_NATS_CA_FILE": str(authority),
    }
    broker = partial(NatsCluster, certificates=certificates)
    async with running(settings, broker=broker) as all_of_it:
        yield all_of_it


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everybody(tocsin: Tocsin, receiver: Receiver) -> World:
    return await world.build(tocsin, receiver, [*LOUD, *QUIET])


async def test_every_stream_has_three_copies(tocsin: Tocsin) -> None:
    for stream in STREAMS:
        info = await about(tocsin, stream.name)
        assert info.cluster
        assert len(info.cluster.replicas or ()) == 2


async def test_the_ledger_balances_when_a_streams_leader_is_killed(
    tocsin: Tocsin, receiver: Receiver, everybody: World
) -> None:
    ledger = Ledger()

    async with Load(everybody.hotline, Reports(LOUD, QUIET, CODES), ledger).running():
        for stream in KILLED:
            await more_are_accepted(ledger)
            dead = await leader_of(tocsin, stream)
            async with tocsin.untended():
                cluster_of(tocsin).kill_node(dead)
                await eventually(lambda s=stream, d=dead: led_anew(tocsin, s, d), within=PATIENCE)
                await more_are_accepted(ledger)
            await eventually(lambda: cluster_of(tocsin).running, within=PATIENCE)
            await tocsin.ready()
        await more_are_accepted(ledger)
    await tocsin.quiet()

    assert not ledger.contradictions
    assert await complaints_in_cases(everybody) == Counter(ledger.accepted.values())
    await eventually(lambda: buyers_were_told(everybody, receiver, ledger), within=PATIENCE)
    assert not receiver.contradictions()


def cluster_of(tocsin: Tocsin) -> NatsCluster:
    assert isinstance(tocsin.stack.nats, NatsCluster)
    return tocsin.stack.nats


async def about(tocsin: Tocsin, stream: str) -> StreamInfo:
    return await tocsin.bus.jetstream(timeout=2).stream_info(stream)


async def leader_of(tocsin: Tocsin, stream: str) -> str:
    info = await about(tocsin, stream)
    assert info.cluster
    assert info.cluster.leader
    return info.cluster.leader


async def led_anew(tocsin: Tocsin, stream: str, dead: str) -> bool:
    try:
        return await leader_of(tocsin, stream) != dead
    except (NatsError, TimeoutError, AssertionError):
        return False


async def more_are_accepted(ledger: Ledger) -> None:
    before = len(ledger.accepted)
    await eventually(lambda: len(ledger.accepted) >= before + ACCEPTED, within=PATIENCE)


async def buyers_were_told(everybody: World, receiver: Receiver, ledger: Ledger) -> bool:
    released = versions_of(await everybody.officer.alerts())
    shown = versions_of(await everybody.buyer.alerts())
    return len(released) == len(ledger.alerts()) and released == shown == receiver.newest()


async def test_a_client_hears_no_server_that_another_authority_signed(
    tocsin: Tocsin, tmp_path: Path
) -> None:
    another = tmp_path / "ca.crt"
    another.write_text(nats_certificates.make([HOST]).authority)

    with pytest.raises(ssl.SSLCertVerificationError):
        await once(tocsin.stack.nats.url, another)


async def test_a_client_in_clear_is_told_nothing(tocsin: Tocsin) -> None:
    node = cluster_of(tocsin).nodes[0]
    reader, writer = await asyncio.open_connection(HOST, node.port)

    writer.write(b"CONNECT {}\r\nPING\r\n")
    answer = await asyncio.wait_for(reader.read(), PATIENCE)
    writer.close()

    assert b"INFO" not in answer
    assert b"PONG" not in answer


async def test_no_server_talks_a_client_out_of_tls(tmp_path: Path) -> None:
    authority = tmp_path / "ca.crt"
    authority.write_text(nats_certificates.make([HOST]).authority)
    heard = bytearray()

    async def in_clear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id": "x", "tls_required": false, "max_payload": 1}\r\n')
        heard.extend(await reader.read(1 << 16))
        writer.close()

    async with await asyncio.start_server(in_clear, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(OSError):  # noqa: PT011 - whichever way the handshake ends
            await once(f"tls://{HOST}:{port}", authority)

    assert heard.startswith(b"\x16\x03")  # a TLS handshake
    assert b"CONNECT" not in heard


async def once(url: str, authority: Path) -> None:
    """Try to connect, once, as cases would."""
    tls = tls_for(url, authority)
    client = await nats.connect(
        url.split(","),
        user=CASES,
        password="not the password",
        tls=tls,
        tls_handshake_first=tls is not None,
        allow_reconnect=False,
        connect_timeout=2,
    )
    await client.close()
