"""What happens around every request: its id, its span, its limit and its count."""

import time
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from uuid import UUID, uuid4

from fastapi import Request
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin_common import rates
from tocsin_common.explaining import unexpected
from tocsin_common.problems import TooLarge
from tocsin_common.telemetry import counter, histogram, span

requests = counter(
    "http_requests_total", "Requests answered, by route and status", ["method", "route", "status"]
)
took = histogram(
    "http_request_seconds",
    "From a request to its answer, by route",
    ["route"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 0.5, 1, 3, 10),
)


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
                response = unexpected(Request(scope), error)
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
