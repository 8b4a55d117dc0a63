"""Servers on this machine that give out files as hotlines' own systems do."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from tocsin_common.testing.http import answering, standing_in

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]
TOKEN = "an-invented-access-token"
BOT = "123456:an-invented-bot-token"
ACCOUNT = "AC" + "0" * 32


class StandIn:
    """Gives out one file, by the ways of WhatsApp Cloud, Telegram, Twilio and plain addresses."""

    def __init__(self, file: bytes) -> None:
        self.file = file
        self.origin = ""
        self.seen: list[web.Request] = []
        self.instead: Answering | None = None
        """Answers in place of everything."""

    @property
    def media_origin(self) -> str:
        """Another host to whoever compares: where signed addresses lead."""
        return self.origin.replace("127.0.0.1", "localhost")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        if self.instead:
            return await self.instead(request)
        return self._answer(request)

    def _answer(self, request: web.Request) -> web.StreamResponse:
        shown = request.headers.get("Authorization", "")
        path = request.path
        if path.startswith("/v25.0/"):
            if shown != f"Bearer {TOKEN}":
                return web.Response(status=401)
            return web.json_response({"url": f"{self.media_origin}/attachments/?mid=1&hash=x%2By"})
        if path == "/attachments/":
            right = shown == f"Bearer {TOKEN}" and request.query_string == "mid=1&hash=x%2By"
            return self._file() if right else web.Response(status=401)
        if path == f"/bot{BOT}/getFile":
            return web.json_response({"ok": True, "result": {"file_path": "photos/file_1.jpg"}})
        if path == f"/file/bot{BOT}/photos/file_1.jpg":
            return self._file()
        if path.startswith("/2010-04-01/"):
            if not shown.startswith("Basic "):
                return web.Response(status=401)
            where = {"Location": f"{self.media_origin}/signed?Signature=%2F"}
            return web.Response(status=307, headers=where)
        if path == "/signed":
            return web.Response(status=403) if shown else self._file()
        if path == "/tokened.jpg":
            return self._file() if shown == f"Token {TOKEN}" else web.Response(status=403)
        return self._file() if path == "/plain.jpg" else web.Response(status=404)

    def _file(self) -> web.Response:
        return web.Response(body=self.file, content_type="image/jpeg")


@asynccontextmanager
async def giving_out(file: bytes) -> AsyncGenerator[StandIn]:
    """Serve on both names of this machine."""
    one = StandIn(file)
    async with standing_in(answering(one.handle)) as one.origin:
        yield one
