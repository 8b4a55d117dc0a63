"""A direct route: read by us, documented by FastAPI, and refused where we would not read it all."""

from collections.abc import AsyncGenerator
from typing import Annotated

import pytest
import pytest_asyncio
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, Field, SecretStr

from tocsin_common import http
from tocsin_common.auth import ByKey
from tocsin_common.direct import Direct
from tocsin_common.problems import NotAuthenticated
from tocsin_common.settings import Settings
from tocsin_common.testing import serving
from tocsin_common.testing.http import Client

KEY = {"Authorization": "Bearer right"}


class Wish(BaseModel):
    """A body."""

    number: int = Field(ge=1)


class Told(BaseModel):
    """An answer."""

    caller: str
    number: int
    tag: str | None


async def _caller(request: Request) -> str:
    if request.headers.get("authorization") != KEY["Authorization"]:
        raise NotAuthenticated
    return "somebody"


router = APIRouter(route_class=Direct)


@router.post("/wishes", status_code=201)
async def wish(
    said: Wish,
    caller: Annotated[str, Depends(ByKey(_caller))],
    response: Response,
    request_tag: Annotated[str | None, Header(max_length=3)] = None,
) -> Told:
    if said.number > 100:
        response.status_code = 200
    return Told(caller=caller, number=said.number, tag=request_tag)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client() -> AsyncGenerator[Client]:
    settings = Settings(database_url=SecretStr("postgresql://unused"), hash_key=b"k" * 32)
    app = http.create_app(
        "Wishes", settings, version="1", routers=[router], running=[], waiting_for=list
    )
    async with serving(app) as client:
        yield client


async def test_body_header_and_caller_reach_the_operation(client: Client) -> None:
    answer = await client.post("/wishes", json={"number": 7}, headers={**KEY, "Request-Tag": "abc"})

    assert (answer.status, answer.content_type) == (201, "application/json")
    assert answer.json() == {"caller": "somebody", "number": 7, "tag": "abc"}


async def test_an_operation_chooses_its_status_and_a_header_may_be_left_out(client: Client) -> None:
    answer = await client.post("/wishes", json={"number": 101}, headers=KEY)

    assert (answer.status, answer.json()["tag"]) == (200, None)


@pytest.mark.parametrize("body", [b"{", b'{"number": 0}', b'{"number": 7}'])
async def test_without_a_key_nothing_is_said_of_the_body(client: Client, body: bytes) -> None:
    answer = await client.post(
        "/wishes", data=body, headers={"Content-Type": "application/json", "Request-Tag": "long"}
    )

    assert (answer.status, answer.json()["code"]) == (401, "not_authenticated")


async def test_a_header_and_a_body_that_are_wrong_are_both_named(client: Client) -> None:
    answer = await client.post(
        "/wishes", json={"number": 0}, headers={**KEY, "Request-Tag": "long"}
    )

    assert answer.status == 422
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers == ["/request-tag", "/number"]


async def test_json_by_another_name_is_json(client: Client) -> None:
    named = {**KEY, "Content-Type": 'Application/Wish+JSON; charset="utf-8"'}

    assert (await client.post("/wishes", data=b'{"number": 7}', headers=named)).status == 201


async def test_the_document_is_that_of_a_usual_operation(client: Client) -> None:
    usual = APIRouter()
    usual.post("/wishes", status_code=201)(wish)
    settings = Settings(database_url=SecretStr("postgresql://unused"), hash_key=b"k" * 32)
    app = http.create_app(
        "Wishes", settings, version="1", routers=[usual], running=[], waiting_for=list
    )

    assert (await client.get("/openapi.json")).json() == app.openapi()


async def _of_two(request: Request, number: int) -> int:
    return number


async def with_query(said: Wish, page: int = 1) -> Told:
    raise NotImplementedError


async def with_two_bodies(said: Wish, more: Wish) -> Told:
    raise NotImplementedError


async def with_a_needy_dependency(said: Wish, number: Annotated[int, Depends(_of_two)]) -> Told:
    raise NotImplementedError


@pytest.mark.parametrize("operation", [with_query, with_two_bodies, with_a_needy_dependency])
def test_a_signature_that_would_not_be_read_whole_is_refused(operation: object) -> None:
    with pytest.raises(TypeError, match="does not read"):
        APIRouter(route_class=Direct).post("/wishes")(operation)  # pyright: ignore[reportArgumentType]


def test_a_dependency_without_a_name_is_refused_and_not_left_out() -> None:
    router = APIRouter(route_class=Direct)

    with pytest.raises(TypeError, match="does not read"):
        router.post("/wishes", dependencies=[Depends(_caller)])(wish)


@pytest.mark.parametrize("depth", [1, 2])
async def test_dependencies_that_come_by_inclusion_are_refused_at_the_start(depth: int) -> None:
    outer = APIRouter()
    outer.include_router(router, dependencies=[Depends(_caller)])
    for _ in range(depth - 1):
        inner, outer = outer, APIRouter()
        outer.include_router(inner)
    settings = Settings(database_url=SecretStr("postgresql://unused"), hash_key=b"k" * 32)
    app = http.create_app(
        "Wishes", settings, version="1", routers=[outer], running=[], waiting_for=list
    )

    with pytest.raises(TypeError, match="wish is included with dependencies"):
        async with app.router.lifespan_context(app):
            raise AssertionError("it started")
