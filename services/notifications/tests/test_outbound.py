"""The way out, against addresses and servers that mean harm."""

import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from ipaddress import ip_network

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from receiver import Hit, Receiver
from resolving import Rebinding

from tocsin_notifications.deliveries.outcomes import Fault, Unreached
from tocsin_notifications.webhooks.outbound import EXCERPT, Outbound

Open = Callable[..., AbstractAsyncContextManager[Outbound]]


@asynccontextmanager
async def outbound(
    *allowed: str, resolver: AbstractResolver | None = None, patience: float = 1
) -> AsyncGenerator[Outbound]:
    networks = [ip_network(one) for one in allowed]
    way_out = Outbound(networks, timeout=patience, resolver=resolver)
    async with way_out.running():
        yield way_out


async def fault_of(way_out: Outbound, url: str) -> Fault | None:
    with pytest.raises(Unreached) as caught:
        await way_out.post(url, b"{}", {})
    return caught.value.fault


INSIDE = [
    "127.0.0.1",
    "localhost",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "169.254.169.254",
    "0.0.0.0",
    "2130706433",
    "0x7f000001",
    "127.1",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", INSIDE)
async def test_what_is_inside_is_refused_in_every_form(
    receiver: Receiver, host: str, scheme: str
) -> None:
    async with outbound() as way_out:
        fault = await fault_of(way_out, f"{scheme}://{host}:{receiver.port}/hook")

    assert fault is Fault.ADDRESS_REFUSED
    assert not receiver.hits


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f000001", "[::ffff:127.0.0.1]"])
async def test_what_the_operator_allowed_is_reached(receiver: Receiver, host: str) -> None:
    async with outbound("127.0.0.0/8") as way_out:
        answer = await way_out.post(f"http://{host}:{receiver.port}/hook", b"{}", {})

    assert (answer.status, answer.fault) == (204, None)
    assert len(receiver.hits) == 1


async def test_a_name_that_rebinds_after_a_check_gains_nothing(receiver: Receiver) -> None:
    resolver = Rebinding("93.184.215.14", "127.0.0.1")
    await resolver.resolve("rebinding.example")  # somebody checks it: it is public

    async with outbound(resolver=resolver) as way_out:
        fault = await fault_of(way_out, f"https://rebinding.example:{receiver.port}/hook")

    assert (fault, resolver.asked) == (Fault.ADDRESS_REFUSED, 2)
    assert not receiver.hits


async def test_the_same_name_is_reached_where_it_may_lead(receiver: Receiver) -> None:
    async with outbound("127.0.0.0/8", resolver=Rebinding("127.0.0.1")) as way_out:
        answer = await way_out.post(f"http://rebinding.example:{receiver.port}/hook", b"{}", {})

    assert answer.status == 204
    assert len(receiver.hits) == 1


async def test_a_public_address_is_not_spoken_to_without_tls() -> None:
    async with outbound("127.0.0.0/8", resolver=Rebinding("93.184.215.14")) as way_out:
        fault = await fault_of(way_out, "http://procurement.example/hook")

    assert fault is Fault.ADDRESS_REFUSED


@pytest.mark.parametrize("where", ["http://169.254.169.254/latest/meta-data/", "/elsewhere"])
async def test_a_redirect_is_not_followed(receiver: Receiver, where: str) -> None:
    receiver.answer_with("/hook", 302, headers={"location": where})

    async with outbound("127.0.0.0/8") as way_out:
        answer = await way_out.post(receiver.url(), b"{}", {})

    assert (answer.status, answer.fault) == (302, Fault.REDIRECT)
    assert [hit.path for hit in receiver.hits] == ["/hook"]


async def test_of_an_answer_only_the_beginning_is_kept(receiver: Receiver) -> None:
    async def flood(_: Hit) -> web.StreamResponse:
        return web.Response(body=b"a\x00b\xff" + b"x" * 5_000_000)

    receiver.answer("/hook", flood)
    async with outbound("127.0.0.0/8") as way_out:
        answer = await way_out.post(receiver.url(), b"{}", {})

    assert answer.status == 200
    assert answer.excerpt.startswith("ab�xxx")
    assert len(answer.excerpt) == EXCERPT


async def test_nothing_but_what_is_signed_and_a_plain_greeting_is_sent(receiver: Receiver) -> None:
    async with outbound("127.0.0.0/8") as way_out:
        await way_out.post(receiver.url(), b"{}", {"webhook-id": "one"})

    [hit] = receiver.hits
    assert hit.headers.keys() == {
        "host", "user-agent", "accept", "accept-encoding", "content-length", "content-type",
        "webhook-id",
    }  # fmt: skip
    assert hit.headers["accept-encoding"] == "identity"


async def test_a_proxy_of_the_environment_is_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", receiver.url("/proxy"))

    async with outbound("10.0.0.0/8", resolver=Rebinding("127.0.0.1")) as way_out:
        fault = await fault_of(way_out, "http://procurement.example/hook")

    assert fault is Fault.ADDRESS_REFUSED
    assert not receiver.hits


async def test_an_endpoint_that_does_not_answer_is_given_up(receiver: Receiver) -> None:
    receiver.hang("/hook")

    async with outbound("127.0.0.0/8", patience=0.2) as way_out:
        assert await fault_of(way_out, receiver.url()) is Fault.TIMEOUT


async def test_a_closed_port_and_an_unknown_name_are_told_apart(unused_port: int) -> None:
    async with outbound("127.0.0.0/8") as way_out:
        assert await fault_of(way_out, f"http://127.0.0.1:{unused_port}/") is Fault.CONNECT
        assert await fault_of(way_out, "https://nowhere.invalid/") is Fault.NAME


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


async def test_a_connection_is_kept_and_replaced_when_its_other_end_has_closed_it() -> None:
    async with Receiver().running() as first, outbound("127.0.0.0/8") as way_out:
        url, port = first.url(), first.port
        await way_out.post(url, b"{}", {})
        await way_out.post(url, b"{}", {})
        assert len(first.connections) == 1

        first.close_connections()
        answer = await way_out.post(url, b"{}", {})

    assert (answer.status, port) == (204, first.port)
