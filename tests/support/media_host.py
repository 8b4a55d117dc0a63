"""Plays Meta: gives out a photo to whoever shows the token, as WhatsApp Cloud does."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

from aiohttp import web
from PIL import Image

from tocsin_common.testing.http import standing_in


def photo(mark: str) -> bytes:
    """An invented photo that says something about itself, in three places."""
    made, exif = BytesIO(), Image.Exif()
    exif[0x010F] = mark
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (10.0, 45.0, 8.0)
    pixels = Image.linear_gradient("L").resize((60, 40)).convert("RGB")
    pixels.save(made, "JPEG", exif=exif, comment=mark.encode())
    return made.getvalue() + mark.encode()


class MediaHost:
    """A server on this machine."""

    def __init__(self, token: str, file: bytes, name: str) -> None:
        self._token = token
        self._file = file
        self._name = name
        self.origin = ""

    @property
    def access(self) -> dict[str, Any]:
        """What an operator tells intake, so that it comes here."""
        there = {"base_url": f"{self.origin}/v25.0", "media_hosts": [self.origin]}
        return there | {"access_token": self._token}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["MediaHost"]:
        """Serve until the block ends."""
        app = web.Application()
        app.router.add_get("/v25.0/{number}", self._tell)
        app.router.add_get("/attachments/{name}", self._give)
        async with standing_in(app) as self.origin:
            yield self

    async def _tell(self, request: web.Request) -> web.Response:
        self._check(request)
        url = f"{self.origin}/attachments/{self._name}?mid={request.match_info['number']}"
        return web.json_response({"url": url, "mime_type": "image/jpeg"})

    async def _give(self, request: web.Request) -> web.Response:
        self._check(request)
        said = {"Content-Disposition": f'attachment; filename="{self._name}.jpg"'}
        return web.Response(body=self._file, content_type="image/jpeg", headers=said)

    def _check(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            raise web.HTTPUnauthorized
