"""The operator's edge to the worker's page: under which name and host an integration shows it."""

from uuid import UUID

from fastapi import APIRouter, Response

from tocsin_common.auth import Operator
from tocsin_common.conditions import etag
from tocsin_common.database import Session
from tocsin_intake.admin.integrations import IfMatch
from tocsin_intake.worker_page import service
from tocsin_intake.worker_page.schemas import PageSettings

router = APIRouter(
    prefix="/v1/admin/integrations/{integration_id}/page",
    tags=["operator"],
    dependencies=[Operator],
)


@router.get("")
async def show_worker_page(integration_id: UUID, session: Session) -> PageSettings | None:
    """Show what an integration's page is called and where it is served; null: it has none."""
    return await service.of(session, integration_id)


@router.put("")
async def put_worker_page(
    integration_id: UUID,
    wanted: PageSettings,
    session: Session,
    response: Response,
    if_match: IfMatch = None,
) -> PageSettings:
    """Serve a page for workers under host names of its own, within seconds.

    `If-Match` is the integration's ETag. Nothing but the page is served under these names.
    """
    version = await service.put(session, integration_id, wanted, if_match)
    response.headers["ETag"] = etag(version)
    return wanted


@router.delete("", status_code=204)
async def remove_worker_page(
    integration_id: UUID, session: Session, if_match: IfMatch = None
) -> None:
    """Serve it no longer, within seconds; its workers' numbers stay valid."""
    await service.remove(session, integration_id, if_match)
