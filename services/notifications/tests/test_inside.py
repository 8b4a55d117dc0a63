"""Whatever a buyer writes as its endpoint, a delivery never goes where only we may go."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import pytest
from builders import an_alert, an_organisation
from conftest import Serve
from receiver import Receiver
from resolving import Rebinding
from scene import Buyer, Scene

from tocsin_common.testing import eventually

MAKER = an_organisation()
ELSEWHERE = "127.0.0.2"  # stands for an address that may be spoken to


class Inside:
    """A server on this machine: whoever connects to it has got inside."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["Inside"]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _connected(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


async def tried(scene: Scene, buyer: Buyer) -> Any:
    """The newest attempt in the log, of the newest delivery that has any."""
    tried = [one for one in await scene.deliveries(buyer) if one["attempts"]]
    if not tried:
        return None
    return (await scene.get(f"/v1/deliveries/{tried[0]['delivery_id']}", buyer))["tried"][0]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "0.0.0.0",
        "2130706433",
    ],
)
async def test_each_form_of_an_address_inside_is_refused_when_it_is_connected_to(
    serve: Serve, scene: Scene, host: str
) -> None:
    async with (
        Inside().running() as inside,
        serve(allowed_networks=(), retry_scale=1) as scene.client,
    ):
        url = f"https://{host}:{inside.port}/"
        buyer, _ = await scene.listener(url, reach=[MAKER.organisation_id])
        await scene.release(an_alert(organisations=(MAKER,)))
        attempt = await eventually(lambda: tried(scene, buyer), within=60)

    assert (attempt["status"], attempt["fault"]) == (None, "address_refused")
    assert inside.connections == 0


async def test_the_same_server_is_connected_to_where_the_operator_allows_it(
    serve: Serve, scene: Scene
) -> None:
    """What shows that the test above would have seen a connection."""
    async with Inside().running() as inside, serve(retry_scale=1) as scene.client:
        url = f"https://127.0.0.1:{inside.port}/"
        buyer, _ = await scene.listener(url, reach=[MAKER.organisation_id])
        await scene.release(an_alert(organisations=(MAKER,)))
        attempt = await eventually(lambda: tried(scene, buyer), within=60)

    assert attempt["fault"] != "address_refused"
    assert inside.connections == 1


async def test_a_name_that_led_outside_and_then_inside_is_refused_when_it_is_connected_to(
    serve: Serve, scene: Scene, receiver: Receiver
) -> None:
    """It is verified while its name leads to an allowed address; then the name is changed."""
    resolver = Rebinding(ELSEWHERE, "127.0.0.1")
    allowed = (ip_network(f"{ELSEWHERE}/32"),)
    async with Receiver().running(ELSEWHERE, receiver.port) as outside:
        async with serve(resolver, allowed_networks=allowed) as scene.client:
            url = f"http://rebinding.example:{receiver.port}/hook"
            buyer, _ = await scene.listener(url, reach=[MAKER.organisation_id])
            await scene.release(an_alert(organisations=(MAKER,)))
            await scene.delivered(1)
        async with serve(resolver, allowed_networks=allowed, retry_scale=1) as scene.client:
            await scene.release(an_alert(organisations=(MAKER,)))
            attempt = await eventually(lambda: failed(scene, buyer), within=60)

    assert len(outside.hits) == 1
    assert resolver.asked == 2
    assert (attempt["status"], attempt["fault"]) == (None, "address_refused")
    assert receiver.hits == []
    assert not receiver.connections


async def failed(scene: Scene, buyer: Buyer) -> Any:
    newest = await tried(scene, buyer)
    return newest if newest and newest["fault"] else None
