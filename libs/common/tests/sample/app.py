"""The sample service, wired."""

from datetime import UTC, datetime
from typing import Any

from asyncpg import Record
from fastapi import FastAPI

from sample.handlers import on_complaints_received
from tocsin_common.listening import Handler
from tocsin_common.retelling import Chapter
from tocsin_common.service import Role, Service
from tocsin_common.settings import Settings
from tocsin_contracts.events.cases import ComplaintStatus, ComplaintStatusChanged
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
    return service.app(role, version="1", routers=[], chapters=CHAPTERS)


def _filed(row: Record) -> ComplaintStatusChanged | None:
    if row["times"] == WITHERED:
        return None
    return ComplaintStatusChanged(
        occurred_at=datetime.now(UTC),
        version=row["version"],
        complaint_id=row["id"],
        status=ComplaintStatus.IN_REVIEW,
    )


WITHERED = -1
"""How often something was filed that cannot be told any more."""
CHAPTERS = [
    Chapter("filed", "version, times", "filed", _filed, id="complaint_id"),
    Chapter("noted", "1 as version, 1 as times", "note", _filed),
]
