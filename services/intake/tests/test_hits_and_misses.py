"""A number nobody was given takes the same way through the database as one that somebody was."""

from collections.abc import AsyncGenerator
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
from browsing import HOST, PAGE
from builders import a_complaint
from nats.aio.client import Client as Nats
from sqlalchemy import event
from starlette.types import ASGIApp, Receive, Scope, Send

from tocsin_common.database import Database
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.http import Answer, Client
from tocsin_intake import receipts
from tocsin_intake.app import create_app
from tocsin_intake.dialogue import guesses
from tocsin_intake.settings import Settings

Header = dict[str, str]
Statements = list[str]
LOOKED_UP = "receipt_hash = $1"
"""In the statement that finds what a number stands for."""
BY_API: dict[str, dict[str, Any]] = {
    "open": {},
    "messages": {"words": "They keep our passports."},
    "consent": {"share": "given"},
    "erase": {},
}
BY_PAGE: dict[str, dict[str, str]] = {
    "open": {},
    "write": {"words": "They keep our passports."},
    "agree": {"share": "given"},
    "erase": {"sure": "yes"},
}


_request = ContextVar("request", default=0)


class Numbered:
    """Gives every request a number, which all it does can see; what runs beside it has none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _request.set(next(self._numbers))
        await self._app(scope, receive, send)


@dataclass(frozen=True)
class Watched:
    """Intake, and every statement that it sends to the database, by the request's own number.

    What SQLAlchemy sends it tells itself, before; the driver tells of the rest, afterwards.
    """

    intake: Client
    seen: list[tuple[int, str]]

    async def asked(self, path: str, **options: Any) -> tuple[Answer, list[str]]:
        """Make a request; return its answer, and what it alone asked the database, in order."""
        self.seen.clear()
        answer = await self.intake.post(path, **options)
        seen = list(self.seen)
        [own] = {request for request, query in seen if LOOKED_UP in query}
        return answer, [query for request, query in seen if request == own]

    async def by_api(self, what: str, shown: dict[str, str]) -> tuple[Answer, list[str]]:
        return await self.asked(f"/v1/receipts/{what}", json=shown | BY_API[what])

    async def by_page(self, do: str, shown: dict[str, str]) -> tuple[Answer, list[str]]:
        typed = {"do": do, **shown, **BY_PAGE[do]}
        return await self.asked("/", data=typed, headers={"Host": HOST})


@pytest_asyncio.fixture(loop_scope="session")
async def watched(
    settings: Settings, database: Database, streams: Nats, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Watched]:
    monkeypatch.setattr(guesses, "FREE", 10_000)
    app = create_app(settings=settings)
    engine = app.state.database.engine.sync_engine
    seen: list[tuple[int, str]] = []

    def note(query: str) -> None:
        seen.append((_request.get(), query))

    def noted(told: Any) -> None:
        note(told.query)

    def watch(connection: Any, _: Any) -> None:
        connection.driver_connection.add_query_logger(noted)

    event.listen(engine, "connect", watch)
    event.listen(engine, "before_cursor_execute", lambda *told: note(told[2]))
    app.add_middleware(Numbered)
    async with serving(app) as client:
        yield Watched(client, seen)


@pytest_asyncio.fixture(loop_scope="session")
async def numbers(watched: Watched, operator: Header) -> dict[str, dict[str, str]]:
    """A number that a hotline passed on, one's own with another PIN, and one nobody was given."""
    intake = watched.intake
    new = await intake.post("/v1/admin/integrations", json={"name": "Line"}, headers=operator)
    hotline = intake.with_key(new.json()["key"])
    put = await intake.request(
        "PUT",
        f"/v1/admin/integrations/{new.json()['integration_id']}/page",
        json=PAGE,
        headers=operator | {"If-Match": "*"},
    )
    assert put.status == 200, put
    shared = [
        (await intake.post("/v1/complaints", json=one, headers=hotline)).json()["receipt"]
        for one in (
            a_complaint(external_ref=str(number), consent={"share": "not_asked"})
            for number in range(2)
        )
    ]
    renewed = await intake.post("/v1/receipts/renew", json={"receipt": shared[1]})
    own = renewed.json()
    other_pin = f"{(int(own['new_pin']) + 1) % 10**6:06d}"

    async def served() -> bool:
        return (await intake.get("/", headers={"Host": HOST})).status == 200

    await eventually(served, within=60)
    return {
        "passed on": {"receipt": shared[0]},
        "another PIN": {"receipt": own["new_receipt"], "pin": other_pin},
        "nobody's": {"receipt": receipts.new(), "pin": other_pin},
    }


@pytest.mark.parametrize("what", BY_API)
async def test_by_the_api_a_miss_asks_the_database_what_a_hit_asks(
    watched: Watched, numbers: dict[str, dict[str, str]], what: str
) -> None:
    hit, asked = await watched.by_api(what, numbers["passed on"])
    assert (hit.status, hit.json()["known"]) == (200, True)
    assert len(asked) >= 4, "the control: statements are seen"

    for number in ("another PIN", "nobody's"):
        miss, asked_for_it = await watched.by_api(what, numbers[number])
        assert (miss.status, miss.json()["known"]) == (200, False)
        assert asked_for_it == asked
        assert len(miss.text.encode()) == len(hit.text.encode())


@pytest.mark.parametrize("do", BY_PAGE)
async def test_at_the_page_a_miss_asks_the_database_what_a_hit_asks(
    watched: Watched, numbers: dict[str, dict[str, str]], do: str
) -> None:
    hit, asked = await watched.by_page(do, numbers["passed on"])
    assert hit.status == 200
    assert len(asked) >= 4, "the control: statements are seen"

    for number in ("another PIN", "nobody's"):
        miss, asked_for_it = await watched.by_page(do, numbers[number])
        assert miss.status == 200
        assert asked_for_it == asked
        assert len(miss.text.encode()) == len(hit.text.encode())
