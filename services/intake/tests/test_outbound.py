"""The way out to hotlines' own systems, against what a payload or a server could want of it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from aiohttp import web
from yarl import URL

from tocsin_common.testing.http import answering, standing_in
from tocsin_intake import outbound
from tocsin_intake.outbound import (
    Download,
    Fault,
    NotNamed,
    Origin,
    Outbound,
    Reach,
    TooLarge,
    Unreached,
)

SECRET = {"Authorization": "Bearer CANARY-token"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Elsewhere:
    """A server on this machine that notes what it is shown."""

    def __init__(self) -> None:
        self.seen: list[web.BaseRequest] = []
        self.answer: Handler = _hello
        self.origin = ""

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append(request)
        assert isinstance(request, web.Request)
        return await self.answer(request)


async def _hello(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b"hello")


@asynccontextmanager
async def listening() -> AsyncGenerator[Elsewhere]:
    one = Elsewhere()
    async with standing_in(answering(one.handle)) as one.origin:
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def system() -> AsyncGenerator[Elsewhere]:
    async with listening() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def other() -> AsyncGenerator[Elsewhere]:
    async with listening() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def way_out() -> AsyncGenerator[Outbound]:
    way = Outbound(plain_http=True)
    async with way.running():
        yield way


async def _into(came: list[bytes], file: Download) -> None:
    async for block in file.blocks():
        came.append(block)  # noqa: PERF401 - what came before an error counts


def reach(*origins: str) -> Reach:
    return Reach({Origin.of(URL(one)): SECRET for one in origins})


async def test_a_named_host_is_asked_and_shown_who_asks(
    way_out: Outbound, system: Elsewhere
) -> None:
    answer = await way_out.ask("GET", f"{system.origin}/v25.0/1?a=%2F", reach(system.origin))

    assert (answer.status, answer.body) == (200, b"hello")
    [request] = system.seen
    assert request.headers["Authorization"] == SECRET["Authorization"]
    assert request.raw_path == "/v25.0/1?a=%2F", "a signed address stays as it is"


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{other}/x",
        "http://localhost:{system}/x",
        "http://[::1]:{system}/x",
        "http://2130706433:{system}/x",
        "http://127.1:{system}/x",
        "https://127.0.0.1:{system}/x",
        "http://127.0.0.1/x",
        "http://127.0.0.1:{system}@127.0.0.1:{other}/x",
        "http://user:word@127.0.0.1:{system}/x",
        "http://127.0.0.1:{system}\\@127.0.0.1:{other}/x",
        "http://127.0.0.1:{other}#@127.0.0.1:{system}/",
        "http://127.0.0.1:{system}/x\r\nHost: elsewhere",
        "http://127.0.0.1:{system}/ x",
        "ftp://127.0.0.1:{system}/x",
        "file:///etc/passwd",
        "//127.0.0.1:{system}/x",
        "65463453",
        "",
    ],
)
async def test_an_address_nobody_named_is_not_connected_to(
    way_out: Outbound, system: Elsewhere, other: Elsewhere, address: str
) -> None:
    asked = address.format(system=system.port, other=other.port)

    with pytest.raises(NotNamed) as caught:
        await way_out.ask("GET", asked, reach(system.origin))

    assert not str(caught.value)
    assert system.seen == other.seen == []


async def test_without_tls_nothing_is_asked_unless_the_operator_allows_it(
    system: Elsewhere,
) -> None:
    strict = Outbound()
    async with strict.running():
        with pytest.raises(NotNamed):
            await strict.ask("GET", system.origin, reach(system.origin))

    assert system.seen == []


async def test_a_redirect_to_a_named_host_is_followed_without_the_credentials(
    way_out: Outbound, system: Elsewhere, other: Elsewhere
) -> None:
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        if request.path == "/first":
            return web.Response(status=307, headers={"Location": "/second"})
        return web.Response(status=302, headers={"Location": f"{other.origin}/signed?sig=%2B"})

    system.answer = elsewhere

    named = reach(system.origin, other.origin)
    answer = await way_out.ask("GET", f"{system.origin}/first", named)

    assert answer.body == b"hello"
    assert [one.headers.get("Authorization") for one in system.seen] == [*SECRET.values()] * 2
    [request] = other.seen
    assert "Authorization" not in request.headers
    assert request.raw_path == "/signed?sig=%2B"


async def test_a_redirect_elsewhere_is_not_followed(
    way_out: Outbound, system: Elsewhere, other: Elsewhere
) -> None:
    async def elsewhere(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": other.origin})

    system.answer = elsewhere

    with pytest.raises(NotNamed):
        await way_out.ask("GET", system.origin, reach(system.origin))
    assert other.seen == []


async def test_redirects_come_to_an_end(way_out: Outbound, system: Elsewhere) -> None:
    async def again(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/again"})

    system.answer = again

    with pytest.raises(Unreached):
        await way_out.ask("GET", system.origin, reach(system.origin))
    assert len(system.seen) == 1 + outbound.MOST_REDIRECTS


async def test_what_is_sent_is_never_sent_on(
    way_out: Outbound, system: Elsewhere, other: Elsewhere
) -> None:
    async def elsewhere(_: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": other.origin})

    system.answer = elsewhere

    named = reach(system.origin, other.origin)
    answer = await way_out.ask("POST", system.origin, named, body=b"{}")

    assert answer.status == 307
    assert other.seen == []


async def test_a_file_is_read_no_further_than_its_bound(
    way_out: Outbound, system: Elsewhere
) -> None:
    async def announced(_: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(5000))

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        while True:
            await response.write(bytes(100_000))

    for system.answer in (announced, endless):
        came: list[bytes] = []
        async with way_out.download(system.origin, reach(system.origin), 4000) as file:
            with pytest.raises(TooLarge):
                await _into(came, file)
        assert sum(map(len, came)) <= 4000


async def test_a_file_that_is_cut_short_is_no_file(way_out: Outbound, system: Elsewhere) -> None:
    async def liar(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "5000"})
        await response.prepare(request)
        await response.write(b"hello")
        assert request.transport
        request.transport.close()
        return response

    system.answer = liar

    async with way_out.download(system.origin, reach(system.origin), 10_000) as file:
        with pytest.raises(Unreached):
            await _into([], file)


async def test_a_drip_feed_ends(
    way_out: Outbound, system: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "DOWNLOADING", 0.5)
    over = asyncio.Event()

    async def drips(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not over.is_set():
            await response.write(b"x")
            await asyncio.sleep(0.05)
        return response

    system.answer = drips

    try:
        async with way_out.download(system.origin, reach(system.origin), 10_000) as file:
            with pytest.raises(Unreached) as caught:
                await _into([], file)
    finally:
        over.set()
    assert caught.value.fault is Fault.TIMEOUT


async def test_silence_ends(
    way_out: Outbound, system: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "SILENCE", 0.2)
    over = asyncio.Event()

    async def says_nothing(_: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    system.answer = says_nothing

    try:
        with pytest.raises(Unreached) as caught:
            await way_out.ask("GET", system.origin, reach(system.origin))
    finally:
        over.set()
    assert caught.value.fault is Fault.TIMEOUT


async def test_compressed_answers_are_not_unpacked(way_out: Outbound, system: Elsewhere) -> None:
    async def packed(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x1f\x8b...", headers={"Content-Encoding": "gzip"})

    system.answer = packed

    with pytest.raises(Unreached):
        await way_out.ask("GET", system.origin, reach(system.origin))
    assert system.seen[0].headers["Accept-Encoding"] == "identity"


async def test_neither_cookies_nor_proxies_are_used(
    way_out: Outbound, system: Elsewhere, other: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", other.origin)

    async def gives_a_cookie(_: web.Request) -> web.StreamResponse:
        return web.Response(headers={"Set-Cookie": "seen=1"})

    system.answer = gives_a_cookie

    for _ in range(2):
        await way_out.ask("GET", system.origin, reach(system.origin))

    assert [one.headers.get("Cookie") for one in system.seen] == [None, None]
    assert other.seen == []


async def test_nobody_there_says_only_that(way_out: Outbound, system: Elsewhere) -> None:
    gone = "http://127.0.0.1:9/bot1:CANARY/getFile"

    with pytest.raises(Unreached) as caught:
        await way_out.ask("GET", gone, reach("http://127.0.0.1:9"))

    assert caught.value.fault is Fault.CONNECT
    assert caught.value.__suppress_context__
    assert "CANARY" not in f"{caught.value!r}{reach(system.origin)!r}"
