"""The HTTP application every service is: problems, request ids, limits, health."""

import asyncio
import logging
import re
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import cache, partial
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin_common import openapi, problems, rates
from tocsin_common.direct import refuse_what_came_by_inclusion
from tocsin_common.errors import is_outage, place_of
from tocsin_common.group_commit import Overloaded
from tocsin_common.problems import (
    Internal,
    Invalid,
    Problem,
    TooLarge,
    Unavailable,
)
from tocsin_common.settings import Settings
from tocsin_common.telemetry import counter, histogram, span

log = logging.getLogger("tocsin.http")

requests = counter(
    "http_requests_total", "Requests answered, by route and status", ["method", "route", "status"]
)
took = histogram(
    "http_request_seconds",
    "From a request to its answer, by route",
    ["route"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 0.5, 1, 3, 10),
)

# FastAPI's own telemetry adopts the caller's trace and records the text of exceptions, which may
# quote what was sent (protection L1, V6); `Edge` makes the span instead.
_SILENT: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}

Running = Callable[[], AbstractAsyncContextManager[None]]


def create_app(
    title: str,
    settings: Settings,
    *,
    version: str,
    routers: Sequence[APIRouter],
    running: Sequence[Running],
    waiting_for: Callable[[], Sequence[str]],
    is_ready: Callable[[], bool] | None = None,
    body_limits: Mapping[str, int] | None = None,
) -> FastAPI:
    """Wire a service's HTTP edge.

    Args:
        title: what the OpenAPI document calls it.
        settings: the service's settings, also at `app.state.settings`.
        version: the API's version.
        routers: the service's operations.
        running: what runs while the application does; entered in order, left in reverse.
        waiting_for: what is missing before everything works.
        is_ready: whether this process may be given work; by default, when nothing is missing.
        body_limits: the largest body of an operation that streams its own, by path.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        refuse_what_came_by_inclusion(app.routes)
        async with AsyncExitStack() as stack:
            try:
                for run in running:
                    await stack.enter_async_context(run())
            except Exception as error:
                log.critical("the start failed: %s", place_of(error))
                raise
            yield

    app = FastAPI(
        telemetry=_SILENT,
        title=title,
        version=version,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        docs_url=None,
        redoc_url=None,
    )
    app.openapi = partial(openapi.document, app)
    app.state.settings = settings
    app.state.leaving = asyncio.Event()  # what waits for long ends at once when it is set
    app.add_middleware(Edge, body_limit=settings.body_limit, body_limits=body_limits or {})
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_exception)
    for router in (*routers, _health(waiting_for, is_ready)):
        app.include_router(router)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def _health(
    waiting_for: Callable[[], Sequence[str]], is_ready: Callable[[], bool] | None
) -> APIRouter:
    router = APIRouter(tags=["health"], include_in_schema=False)

    @router.get("/livez")
    async def live() -> dict[str, bool]:
        return {"live": True}

    @router.get("/readyz")
    async def ready(response: Response) -> dict[str, Any]:
        missing = list(waiting_for())
        ready = is_ready() if is_ready else not missing
        if not ready:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return {"ready": ready, "waiting_for": missing}

    _ = live, ready
    return router


class Edge:
    """Around every request: its id, its span, its size limit, and a count of its outcome.

    A span here is always a new root: whoever calls cannot choose an id that ties their request
    to what happens inside (protection L1). A request id is kept only if it is a UUID.
    """

    def __init__(
        self, app: ASGIApp, body_limit: int, body_limits: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._limit = body_limit
        self._limits = body_limits or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in {"/livez", "/readyz"}:
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status, answered = int(HTTPStatus.INTERNAL_SERVER_ERROR), False
        began = time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], True
                message["headers"] = [
                    *message["headers"],
                    *scope["state"].get(rates.HEADERS, ()),
                    (b"x-request-id", request_id.encode()),
                    (b"cache-control", b"no-store"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        with span("request", kind=SpanKind.SERVER, root=True) as current:
            try:
                limit = self._limits.get(scope["path"], self._limit)
                await self._app(scope, _limited(receive, limit), answer)
            except Exception as error:
                if answered:
                    raise
                response = _unexpected(Request(scope), error)
                await response(scope, receive, answer)
            finally:
                method = _known(scope["method"])
                route = getattr(scope.get("route"), "path", "none")
                if current.is_recording():
                    current.update_name(f"{method} {route}")
                    current.set_attribute("http.request.method", method)
                    current.set_attribute("http.route", route)
                    current.set_attribute("http.response.status_code", status)
                _counted(method, route, status).inc()
                _timed(route).observe(time.perf_counter() - began)


@cache
def _counted(method: str, route: str, status: int) -> Counter:
    return requests.labels(method, route, str(status))


@cache
def _timed(route: str) -> Histogram:
    return took.labels(route)


def _known(method: str) -> str:
    return method if method in {"GET", "POST", "PUT", "PATCH", "DELETE"} else "other"


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            try:
                return str(UUID(value.decode("ascii")))
            except ValueError:
                break
    return str(uuid4())


def _limited(receive: Receive, limit: int) -> Receive:
    size = 0

    async def count() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise HTTPException(TooLarge.status)
        return message

    return count


def _answer(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[problems.FieldProblem] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    return JSONResponse(
        problems.body(status, code, detail, _id_of(request), errors),
        status,
        headers,
        media_type="application/problem+json",
    )


def _id_of(request: Request) -> str:
    return getattr(request.state, "request_id", "")


async def _problem(request: Request, error: Any) -> JSONResponse:
    return _answer(request, error.status, error.code, error.detail, headers=error.headers)


async def _invalid(request: Request, error: Any) -> JSONResponse:
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return _answer(request, HTTPStatus.BAD_REQUEST, "malformed", "The body is not JSON.")
    detail = "Some fields are missing or wrong; `errors` says which."
    return _answer(
        request,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid",
        detail,
        errors=problems.of_fields(found, _names(request.app)),
    )


def _names(app: FastAPI) -> frozenset[str]:
    """Every name of a field or parameter that the API declares."""
    if not hasattr(app.state, "names"):
        app.state.names = problems.names_in(app.openapi())
    return app.state.names


async def _http_exception(request: Request, error: Any) -> JSONResponse:
    if error.status_code == TooLarge.status:
        return _answer(request, TooLarge.status, TooLarge.code, TooLarge.detail)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_")
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_methods_at(request))) or headers.get("Allow", "")
    return _answer(request, error.status_code, code, "", headers=headers)


def _methods_at(request: Request) -> set[str]:
    """Every method of the path, whichever of its operations was looked at first."""
    paths = request.app.openapi()["paths"]
    matching = [template for template in paths if _pattern(template).match(request.url.path)]
    if not matching:
        return set()
    return {method.upper() for method in paths[min(matching, key=lambda one: one.count("{"))]}


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return compile_path(template)[0]


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    told = explain(error)
    if isinstance(told, Unavailable):
        log.warning("request %s was not served: %s", _id_of(request), place_of(error))
    elif isinstance(told, Internal):
        log.error("request %s failed: %s", _id_of(request), place_of(error))
    return _answer(request, told.status, told.code, told.detail, headers=told.headers)


def explain(error: Exception) -> Problem:
    """What a caller is told of an exception that is no problem of theirs, or is one."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Overloaded) or is_outage(error):
        return Unavailable()
    if _cannot_be_stored(error):
        return Invalid("A value cannot be stored as it is.")
    return Internal()


def _cannot_be_stored(error: Exception) -> bool:
    return str(getattr(getattr(error, "orig", error), "sqlstate", "") or "").startswith("22")
