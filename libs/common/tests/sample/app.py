"""The sample service, wired."""

from typing import Any

from fastapi import FastAPI

from sample.handlers import on_complaints_received
from tocsin_common.listening import Handler
from tocsin_common.service import Role, Service
from tocsin_common.settings import Settings
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_contracts.streams import CASES


def create_app(
    role: Role = Role.SERVE,
    settings: Settings | None = None,
    handler: Handler[Any] = on_complaints_received,
) -> FastAPI:
    """Make one process of the sample service, under the name of cases."""
    service = Service(CASES, settings or Settings())  # pyright: ignore[reportCallIssue]
    service.health.package = "sample"
    if role.works:
        service.bus.listen(ComplaintReceived, handler)
    return service.app(role, version="1", routers=[])
