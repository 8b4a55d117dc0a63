"""The operator's edge to integrations."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from tocsin_common.auth import Operator
from tocsin_common.conditions import CONDITIONAL, answer, etag
from tocsin_common.database import Session
from tocsin_intake.integrations import service
from tocsin_intake.integrations.schemas import (
    IntegrationChange,
    IntegrationCreated,
    IntegrationPage,
    IntegrationShown,
    IntegrationWithSystem,
    NewIntegration,
    SystemChange,
)
from tocsin_intake.integrations.sealed import SealedSystem
from tocsin_intake.links import INTEGRATION, each, links
from tocsin_intake.models import Integration

router = APIRouter(prefix="/v1/admin/integrations", tags=["operator"], dependencies=[Operator])

IfMatch = Annotated[
    str | None, Header(description="The ETag of the state you change, or `*`; required.")
]


@router.post(
    "",
    status_code=201,
    responses=links(
        201,
        **each(
            "show_integration disable_integration enable_integration add_integration_key "
            "list_integration_keys rotate_integration_keys reconcile_integration list_call_counts",
            INTEGRATION,
        ),
    ),
)
async def create_integration(
    new: NewIntegration, session: Session, request: Request, response: Response
) -> IntegrationCreated:
    """Register a hotline's connection. Its key is shown once."""
    state = request.app.state
    created, key = await service.create(session, state.vault, state.settings.hash_key, new)
    response.headers["Location"] = f"{router.prefix}/{created.id}"
    response.headers["ETag"] = etag(created.version)
    return IntegrationCreated(integration_id=created.id, key=key)


@router.get("")
async def list_integrations(
    session: Session,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> IntegrationPage:
    """List integrations in the order they were registered."""
    found = await service.page(session, after=after, limit=limit + 1)
    data = [IntegrationShown.of(one) for one in found[:limit]]
    more = len(found) > limit
    return IntegrationPage(data=data, next_cursor=data[-1].integration_id if more else None)


@router.get("/{integration_id}", response_model=IntegrationWithSystem, responses=CONDITIONAL)
async def show_integration(integration_id: UUID, session: Session, request: Request) -> Response:
    """Show one, without its secrets; its ETag is what a change must match."""
    found = await service.find(session, integration_id)
    sealed = SealedSystem.open(request.app.state.vault, found)
    shown = IntegrationWithSystem(
        **IntegrationShown.of(found).model_dump(),
        system=sealed.now.model_dump(mode="json", exclude_none=True),
    )
    return answer(request, shown, etag(found.version))


@router.patch("/{integration_id}")
async def change_integration(
    integration_id: UUID,
    wanted: IntegrationChange,
    session: Session,
    response: Response,
    if_match: IfMatch = None,
) -> IntegrationShown:
    """Change its name, what its complaints say when it does not, or its limit."""
    return _changed(await service.change(session, integration_id, wanted, if_match), response)


@router.put("/{integration_id}/system")
async def change_integration_system(
    integration_id: UUID,
    wanted: SystemChange,
    session: Session,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> IntegrationShown:
    """Replace its own system's secrets and settings; those of before are taken for a while."""
    vault = request.app.state.vault
    changed = await service.change_system(session, vault, integration_id, wanted, if_match)
    return _changed(changed, response)


@router.post("/{integration_id}/disable")
async def disable_integration(
    integration_id: UUID, session: Session, response: Response, if_match: IfMatch = None
) -> IntegrationShown:
    """Refuse all its keys and its own system: everywhere within five seconds."""
    changed = await service.disable(session, integration_id, if_match, disabled=True)
    return _changed(changed, response)


@router.post("/{integration_id}/enable")
async def enable_integration(
    integration_id: UUID, session: Session, response: Response, if_match: IfMatch = None
) -> IntegrationShown:
    """Take it back, with the keys that are still valid."""
    changed = await service.disable(session, integration_id, if_match, disabled=False)
    return _changed(changed, response)


def _changed(integration: Integration, response: Response) -> IntegrationShown:
    response.headers["ETag"] = etag(integration.version)
    return IntegrationShown.of(integration)
