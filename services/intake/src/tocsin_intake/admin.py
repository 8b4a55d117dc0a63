"""The operator's edge: integrations and their keys."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from tocsin_common.auth import Operator
from tocsin_common.database import Session
from tocsin_intake import integrations
from tocsin_intake.schemas import IntegrationCreated, IntegrationShown, NewIntegration

router = APIRouter(prefix="/v1/admin/integrations", tags=["operator"], dependencies=[Operator])


@router.post("", status_code=201)
async def create_integration(
    new: NewIntegration, session: Session, request: Request
) -> IntegrationCreated:
    """Register a hotline's connection. Its key is shown once."""
    state = request.app.state
    integration_id, key = await integrations.create(
        session, state.vault, state.settings.hash_key, new
    )
    return IntegrationCreated(integration_id=integration_id, key=key)


@router.get("")
async def list_integrations(
    session: Session,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[IntegrationShown]:
    """List integrations in the order they were registered; `after` continues a list."""
    return [
        IntegrationShown(
            integration_id=one.id,
            name=one.name,
            adapter=one.adapter,
            created_at=one.created_at,
            disabled=one.disabled_at is not None,
        )
        for one in await integrations.page(session, after=after, limit=limit)
    ]
