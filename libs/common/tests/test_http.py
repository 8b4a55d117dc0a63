"""What callers are told: problems without an echo, at the right status, under one request id."""

import json
from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from fastapi import APIRouter
from looking import place
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_trace_id
from prometheus_client import REGISTRY
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr
from sample.models import Note

from tocsin_common import http
from tocsin_common.database import Database, Session
from tocsin_common.direct import Direct
from tocsin_common.group_commit import Overloaded
from tocsin_common.problems import Conflict
from tocsin_common.settings import Settings
from tocsin_common.telemetry import current_trace
from tocsin_common.testing import serving
from tocsin_common.testing.http import Answer, Client
from tocsin_common.testing.servers import Servers
from tocsin_common.text import Line
from tocsin_contracts.ids import Country, OsId

CANARY = "canary9d3c"
LIMIT = 100_000


class Colour(StrEnum):
    """A choice."""

    RED = "red"


class Phone(BaseModel):
    """One of two."""

    kind: Literal["phone"]
    number: int


class Letter(BaseModel):
    """The other."""

    kind: Literal["letter"]
    pages: int


class Thing(BaseModel):
    """A body with a field of each sort that validation can refuse."""

    model_config = ConfigDict(extra="forbid")

    name: Line
    colour: Colour = Colour.RED
    exactly: Literal["this"] = "this"
    size: int = Field(default=1, ge=1, le=10)
    flag: bool = False
    ratio: float = 0.5
    id: UUID | None = None
    at: AwareDatetime | None = None
    tags: list[Annotated[str, Field(max_length=10)]] = Field(default=[], max_length=3)
    counts: dict[str, int] = {}
    contact: Annotated[Phone | Letter, Field(discriminator="kind")] | None = None
    either: Phone | Letter | int | None = None
    os_id: OsId | None = None
    country: Country | None = None


class NameTaken(Conflict):
    """Something is called that already."""

    code = "name_taken"
    detail = "Choose another name."


class Made(BaseModel):
    """What is answered."""

    name: str
    trace: str | None


THINGS = {"usual": APIRouter(), "direct": APIRouter(route_class=Direct)}
"""One operation, read by FastAPI and read by us: what holds for one holds for the other."""


@THINGS["usual"].post("/things", status_code=201)
@THINGS["direct"].post("/things", status_code=201)
async def make(thing: Thing) -> Made:
    return Made(name=thing.name, trace=current_trace())


router = APIRouter()


@router.get("/things/{number}")
async def show(number: int, colour: Colour = Colour.RED, size: int = 1) -> dict[str, int]:
    return {"number": number}


@router.post("/notes", status_code=201)
async def note(body: dict[str, str], session: Session) -> dict[str, bool]:
    session.add(Note(id=uuid4(), words=body["words"]))
    return {"written": True}


@router.post("/fail/{how}")
async def fail(how: str) -> None:
    raise {
        "taken": NameTaken(),
        "full": Overloaded(),
        "away": ConnectionResetError(CANARY),
        "bug": ZeroDivisionError(CANARY),
    }[how]


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=list(THINGS))
async def client(migrated: str, request: pytest.FixtureRequest) -> AsyncGenerator[Client]:
    database = Database(migrated, name="tests")
    settings = Settings(database_url=SecretStr(database.dsn), hash_key=b"k" * 32, body_limit=LIMIT)
    routers = [THINGS[request.param], router]
    app = http.create_app(
        "Things", settings, version="1", routers=routers, running=[], waiting_for=list
    )
    app.state.database = database
    async with serving(app) as client:
        yield client
    await database.close()


def problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """The problem in an answer, which has all that every problem has."""
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"].endswith(f"/{code}")
    assert body["title"]
    assert body["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] == "no-store"
    return body


# each at its status


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'name': 'x'}",
        b'{"name": "\xff"}',
        b"[" * 50_000,
        b'{"size": %s}' % (b"1" * 5000),
        b'{"name": "x"} and more',
    ],
)
async def test_what_is_not_json_is_400(client: Client, body: bytes) -> None:
    answer = await client.post("/things", data=body, headers={"Content-Type": "application/json"})

    problem(answer, 400, answer.json()["code"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ([], ""),
        ({"name": 7}, "/name"),
        ({"name": "x", "size": 11}, "/size"),
        ({"name": "x", "tags": ["short", "much too long a tag"]}, "/tags/1"),
        ({"name": "x", "contact": {"kind": "phone"}}, "/contact/number"),
        ({"name": "x", "os_id": "XX"}, "/os_id"),
    ],
)
async def test_a_wrong_or_missing_field_is_422_and_named(
    client: Client, body: Any, pointer: str
) -> None:
    told = problem(await client.post("/things", json=body), 422, "invalid")

    assert [error["pointer"] for error in told["errors"]] == [pointer]
    assert told["errors"][0]["detail"]


async def test_no_body_at_all_is_422(client: Client) -> None:
    problem(await client.post("/things"), 422, "invalid")


async def test_a_body_of_another_type_is_refused(client: Client) -> None:
    answer = await client.post(
        "/things", data=b'{"name": "x"}', headers={"Content-Type": "text/plain"}
    )

    problem(answer, 422, "invalid")


async def test_a_body_that_says_it_is_too_large_is_413(client: Client) -> None:
    problem(await client.post("/things", data=b"x" * (LIMIT + 1)), 413, "too_large")


async def test_a_body_that_turns_out_too_large_is_413(client: Client) -> None:
    async def chunks() -> AsyncGenerator[bytes]:
        for _ in range(LIMIT // 1000 + 1):
            yield b"x" * 1000

    problem(await client.post("/things", data=chunks()), 413, "too_large")


async def test_a_body_as_large_as_allowed_is_read(client: Client) -> None:
    frame = json.dumps({"name": "x", "tags": []})

    answer = await client.post(
        "/things",
        data=frame.ljust(LIMIT).encode(),
        headers={"Content-Type": "application/json"},
    )

    assert answer.status == 201


async def test_an_unknown_path_is_404_and_a_wrong_method_405(client: Client) -> None:
    problem(await client.get(f"/{CANARY}"), 404, "not_found")

    answer = await client.request("DELETE", "/things")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"


async def test_a_refusal_of_ours_says_what_to_do(client: Client) -> None:
    told = problem(await client.post("/fail/taken"), 409, "name_taken")

    assert told["detail"] == "Choose another name."


@pytest.mark.parametrize("words", ["with \x00 in it", "\ud800", "x\udfff"])
async def test_text_that_no_database_stores_is_422(client: Client, words: str) -> None:
    body = json.dumps({"name": words}).encode()
    as_json = {"Content-Type": "application/json"}

    problem(await client.post("/things", data=body, headers=as_json), 422, "invalid")

    unchecked = json.dumps({"words": words}).encode()
    problem(await client.post("/notes", data=unchecked, headers=as_json), 422, "invalid")


@pytest.mark.parametrize("how", ["full", "away"])
async def test_nothing_done_is_503_and_says_when_to_come_back(client: Client, how: str) -> None:
    answer = await client.post(f"/fail/{how}")

    problem(answer, 503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0


async def test_an_outage_of_the_database_is_503_and_then_over(
    client: Client, servers: Servers
) -> None:
    assert (await client.post("/notes", json={"words": "before"})).status == 201

    servers.postgres.kill()
    problem(await client.post("/notes", json={"words": "during"}), 503, "unavailable")
    problem(await client.post("/notes", json={"words": "during"}), 503, "unavailable")
    servers.postgres.start()

    assert (await client.post("/notes", json={"words": "after"})).status == 201


async def test_a_bug_is_500_and_the_request_id_finds_it_in_the_logs(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    told = problem(await client.post("/fail/bug"), 500, "internal")

    [line] = [record.getMessage() for record in caplog.records if record.name == "tocsin.http"]
    assert line.startswith(f"request {told['request_id']} failed: ZeroDivisionError at test_http")


# nothing of it is echoed

ECHOES: list[Any] = [
    {"name": 1, "size": CANARY, "flag": CANARY, "ratio": CANARY, "id": CANARY, "at": CANARY},
    {"name": "x", "colour": CANARY, "exactly": CANARY, "country": CANARY, "os_id": CANARY},
    {"name": "x", CANARY: 1},
    {"name": "x", "tags": [f"much too long {CANARY}"]},
    {"name": "x", "tags": CANARY},
    {"name": "x", "counts": {CANARY: "not a number"}},
    {"name": "x", "counts": {CANARY: {CANARY: CANARY}}},
    {"name": "x", "contact": {"kind": CANARY}},
    {"name": "x", "contact": {CANARY: "phone"}},
    {"name": "x", "contact": CANARY},
    {"name": "x", "either": {"kind": CANARY, CANARY: CANARY}},
    {"name": f"\x00{CANARY}"},
    CANARY,
    [CANARY],
]


@pytest.mark.parametrize("body", ECHOES)
async def test_a_refused_body_is_never_quoted(
    client: Client, body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await client.post("/things", json=body)

    problem(answer, 422, "invalid")
    assert CANARY not in answer.text + str(answer.headers) + caplog.text


@pytest.mark.parametrize(
    "path",
    [
        f"/things/{CANARY}",
        f"/things/1?size={CANARY}&colour={CANARY}",
        f"/{CANARY}?{CANARY}={CANARY}",
        f"/fail/{CANARY}",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", CANARY.upper()])
async def test_a_refused_path_or_query_is_never_quoted(
    client: Client,
    path: str,
    method: str,
    caplog: pytest.LogCaptureFixture,
    spans: InMemorySpanExporter,
) -> None:
    answer = await client.request(method, path, headers={"X-Note": CANARY})

    assert answer.status >= 400
    seen = answer.text + str(answer.headers) + caplog.text + metrics()
    seen += "".join(span.to_json() for span in spans.get_finished_spans())
    assert CANARY not in seen.lower()


def metrics() -> str:
    return str([(s.name, s.labels) for metric in REGISTRY.collect() for s in metric.samples])


@pytest.mark.parametrize("how", ["away", "bug"])
async def test_the_text_of_an_exception_is_never_told(
    client: Client, how: str, caplog: pytest.LogCaptureFixture, spans: InMemorySpanExporter
) -> None:
    answer = await client.post(f"/fail/{how}")

    recorded = "".join(span.to_json() for span in spans.get_finished_spans())
    assert CANARY not in answer.text + str(answer.headers) + caplog.text + recorded


# one id, and no thread to pull


async def test_a_request_id_is_kept_if_it_is_a_uuid(client: Client) -> None:
    mine = str(uuid4())

    answer = await client.post("/fail/taken", headers={"X-Request-Id": mine})

    assert answer.headers["X-Request-Id"] == mine
    assert answer.json()["request_id"] == mine


@pytest.mark.parametrize("sent", [None, "", CANARY, "x" * 2000, "7", "ünïcödé"])
async def test_any_other_request_id_is_replaced(client: Client, sent: str | None) -> None:
    answer = await client.post(
        "/things", json={"name": "x"}, headers={"X-Request-Id": sent} if sent is not None else {}
    )

    assert UUID(answer.headers["X-Request-Id"]).version == 4


async def test_an_inbound_trace_is_not_adopted(client: Client, spans: InMemorySpanExporter) -> None:
    planted = "0123456789abcdef0123456789abcdef"
    headers = {
        "traceparent": f"00-{planted}-0123456789abcdef-01",
        "tracestate": CANARY,
        "baggage": f"who={CANARY}",
    }

    answer = await client.post("/things", json={"name": "x"}, headers=headers)

    [request] = [span for span in spans.get_finished_spans() if span.name == "POST /things"]
    assert request.parent is None
    assert answer.json()["trace"].split("-")[1] == format_trace_id(place(request).trace_id)
    assert planted not in request.to_json() + answer.text
    assert CANARY not in request.to_json() + answer.text


async def test_health_needs_no_database(client: Client, servers: Servers) -> None:
    servers.postgres.kill()
    try:
        assert (await client.get("/livez")).status == 200
        assert (await client.get("/readyz")).status == 200
    finally:
        servers.postgres.start()
