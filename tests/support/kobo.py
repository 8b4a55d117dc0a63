"""A KoboToolbox with one form: what it could not post, it can be asked for."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web

from tests.support.clients import Json
from tocsin_common.testing.http import standing_in

ASSET = "aSilverHeron2031NightLine"
TOKEN = "an-invented-kobo-token"


class Kobo:
    """Keeps every submission, and answers questions by number and time."""

    def __init__(self) -> None:
        self.forms: list[Json] = []
        self.url = ""

    def submitted(self, form: Json) -> Json:
        """Keep a submission; return it with what the server adds."""
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        whole = form | {"_id": len(self.forms) + 1, "_submission_time": at}
        self.forms.append(whole)
        return whole

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["Kobo"]:
        """Serve until the block ends."""
        app = web.Application()
        app.router.add_get(f"/api/v2/assets/{ASSET}/data/", self._answer)
        async with standing_in(app) as self.url:
            yield self

    async def _answer(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Token {TOKEN}"
        query = json.loads(request.query["query"])
        times, after = query["_submission_time"], query["_id"]["$gt"]
        found = [
            one
            for one in self.forms
            if one["_id"] > after
            and times["$gte"] <= one["_submission_time"] < times["$lt"]
            and "meta/deprecatedID" not in query
        ]
        return web.json_response({"results": found[: int(request.query["limit"])]})
