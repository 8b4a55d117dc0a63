"""The HTTP application every service is, wired: its operations, its edge, its health."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig

from tocsin_common import openapi
from tocsin_common.direct import refuse_what_came_by_inclusion
from tocsin_common.edge import Edge
from tocsin_common.errors import place_of
from tocsin_common.explaining import explain_errors_of
from tocsin_common.settings import Settings

log = logging.getLogger("tocsin.http")

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
    explain_errors_of(app)
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
