"""What KoboToolbox did not post is read from it, and so are edits; nothing comes twice."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from nats.aio.client import Client as Nats
from systems import Line, a_submission, register
from test_changes import Scene, a_kobo_edit

from tocsin_common.database import Database
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.http import standing_in
from tocsin_intake.app import create_app
from tocsin_intake.reconciling import questions
from tocsin_intake.reconciling import service as reconciling
from tocsin_intake.settings import Settings

Header = dict[str, str]
ASSET = "aSilverHeron2031NightLine"
TOKEN = "an-invented-kobo-token"


@dataclass
class Kobo:
    """A KoboToolbox with one form, as far as intake asks it anything."""

    forms: list[Any] = field(default_factory=list[Any])
    asked: list[Any] = field(default_factory=list[Any])
    status: int = 200
    origin: str = ""

    def sent(self, submission: Any, ago: timedelta = timedelta(minutes=40)) -> Any:
        """Somebody sent a form, so long ago."""
        at = (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%S")
        whole = submission | {"_id": 1000 + len(self.forms), "_submission_time": at}
        self.forms.append(whole)
        return whole

    def edited(self, number: int, submission: Any) -> None:
        """Somebody edited the form of this number: its number and time stay."""
        kept = {name: self.forms[number][name] for name in ("_id", "_submission_time")}
        self.forms[number] = submission | kept

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if request.headers.get("Authorization") != f"Token {TOKEN}":
            return web.json_response({"detail": "Invalid token."}, status=401)
        if self.status != 200:
            return web.json_response({"detail": "Try later."}, status=self.status)
        query, limit = json.loads(request.query["query"]), int(request.query["limit"])
        assert json.loads(request.query["sort"]) == {"_id": 1}
        found = sorted((one for one in self.forms if _fits(one, query)), key=lambda one: one["_id"])
        page = {"count": len(found), "next": None, "previous": None, "results": found[:limit]}
        return web.json_response(page)


def _fits(form: Any, query: Any) -> bool:
    tests = {"$gt": "__gt__", "$gte": "__ge__", "$lt": "__lt__"}
    for name, wanted in query.items():
        for operator, value in wanted.items():
            if operator == "$exists":
                if (name in form) != value:
                    return False
            elif not getattr(form[name], tests[operator])(value):
                return False
    return True


@pytest_asyncio.fixture(loop_scope="session")
async def kobo() -> AsyncGenerator[Kobo]:
    one = Kobo()
    app = web.Application()
    app.router.add_get(f"/api/v2/assets/{ASSET}/data/", one.answer)
    async with standing_in(app) as one.origin:
        yield one


@pytest.fixture
def plain(settings: Settings) -> Settings:
    """To speak to a Kobo on this machine."""
    return settings.model_copy(update={"outbound_plain_http": True})


@pytest_asyncio.fixture(loop_scope="session")
async def scene(
    plain: Settings, database: Database, streams: Nats, operator: Header
) -> AsyncGenerator[Scene]:
    app = create_app(settings=plain)
    async with serving(app) as client:
        yield Scene(client, app.state.vault, database, operator)


@pytest_asyncio.fixture(loop_scope="session")
async def line(scene: Scene, kobo: Kobo) -> Line:
    return await _registered(scene, kobo)


async def _registered(scene: Scene, kobo: Kobo, token: str = TOKEN) -> Line:
    survey = {"api_token": token, "asset": ASSET, "server_url": kobo.origin}
    return await register(scene.client, scene.operator, "kobo", kobo=survey)


async def reconcile(scene: Scene, line: Line) -> Any:
    path = f"/v1/admin/integrations/{line.integration_id}/reconcile"
    return await scene.client.post(path, headers=scene.operator)


def a_form(number: int, words: str) -> Any:
    return a_submission(_uuid=f"u{number}", **{"report/words": words})


async def test_what_was_never_posted_arrives_and_what_was_is_not_there_twice(
    scene: Scene, kobo: Kobo, line: Line
) -> None:
    posted = kobo.sent(a_form(1, "Posted."))
    kobo.sent(a_form(2, "Given up on."))
    await line.send(posted)

    first = await reconcile(scene, line)
    again = await reconcile(scene, line)
    late = await line.send(kobo.forms[1])

    assert first.json() == {"read": 2}, first
    assert again.json() == {"read": 2}, "an hour is read again, and changes nothing"
    assert late.json() == {"received": 1}
    assert sorted(await scene.complaints()) == ["Given up on.", "Posted."]
    assert await scene.messages() == []


async def test_an_edit_is_found_however_old_its_form_and_follows_its_complaint_once(
    scene: Scene, kobo: Kobo, line: Line
) -> None:
    kobo.sent(a_submission(), ago=timedelta(hours=20))
    await reconcile(scene, line)
    kobo.sent(a_form(2, "Younger."))
    await reconcile(scene, line)

    kobo.edited(0, a_kobo_edit("u8", "Edited."))
    for _ in range(2):
        await reconcile(scene, line)
    kobo.edited(0, a_kobo_edit("u9", "Edited twice."))
    for _ in range(2):
        await reconcile(scene, line)

    assert len(await scene.complaints()) == 2
    said = [one.partition("\n")[0] for one in await scene.messages()]
    assert said == ["Edited.", "Edited twice."]


async def test_what_was_edited_before_it_was_ever_seen_is_one_complaint(
    scene: Scene, kobo: Kobo, line: Line
) -> None:
    edited = kobo.sent(a_kobo_edit("u8", "Edited."))

    await reconcile(scene, line)
    await line.send(edited)
    await reconcile(scene, line)

    assert await scene.complaints() == ["Edited."]
    assert await scene.messages() == []


async def test_a_backlog_is_read_to_its_end_in_turns_of_so_many_pages(
    scene: Scene, kobo: Kobo, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "PAGE", 3)
    monkeypatch.setattr(reconciling, "MOST_PAGES", 2)
    for number in range(12):
        kobo.sent(a_form(number, f"Form {number}."), ago=timedelta(hours=5, minutes=-number))

    read = [(await reconcile(scene, line)).json()["read"] for _ in range(3)]

    assert read == [6, 6, 0]
    assert len(await scene.complaints()) == 12
    assert max(len(json.loads(one.query["query"])) for one in kobo.asked) == 3
    kobo.sent(a_form(99, "After the backlog."), ago=timedelta(minutes=40))
    for _ in range(3):  # the hour before is read again on the way
        await reconcile(scene, line)
    assert "After the backlog." in await scene.complaints()


async def test_a_form_of_the_day_before_is_read_and_an_older_one_is_not(
    scene: Scene, kobo: Kobo, line: Line
) -> None:
    kobo.sent(a_form(1, "Yesterday."), ago=timedelta(hours=23))
    kobo.sent(a_kobo_edit("u8", "Of last year."), ago=timedelta(days=365))

    await reconcile(scene, line)

    assert await scene.complaints() == ["Yesterday."]


async def test_a_server_that_fails_is_said_to_and_read_again_when_it_is_back(
    scene: Scene, kobo: Kobo, line: Line
) -> None:
    kobo.sent(a_form(1, "Heat."))
    for kobo.status in (503, 404, 302):
        answer = await reconcile(scene, line)
        assert (answer.status, answer.json()["code"]) == (502, "system_not_read")
    kobo.status = 200

    assert (await reconcile(scene, line)).json() == {"read": 1}
    wrong = await _registered(scene, kobo, token="guessed-kobo-token")
    assert (await reconcile(scene, wrong)).json()["code"] == "system_not_read"
    without = await register(scene.client, scene.operator, "kobo")
    assert (await reconcile(scene, without)).json()["code"] == "nothing_to_read"


async def test_what_may_still_be_posted_is_not_asked_for_and_the_rest_is_by_itself(
    scene: Scene, kobo: Kobo, line: Line, plain: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "LOOK", 0.05)
    kobo.sent(a_form(1, "Old enough."))
    kobo.sent(a_form(2, "Just sent."), ago=timedelta(minutes=1))

    async def read() -> bool:
        return await scene.complaints() == ["Old enough."]

    async with serving(create_app(settings=plain)):
        await eventually(read)


async def test_asked_for_five_times_at_once_each_form_is_one_complaint(
    scene: Scene, kobo: Kobo, line: Line
) -> None:
    kobo.sent(a_form(1, "Heat."))

    answers = await asyncio.gather(*(reconcile(scene, line) for _ in range(5)))

    assert {one.status for one in answers} == {200}
    assert await scene.complaints() == ["Heat."]
