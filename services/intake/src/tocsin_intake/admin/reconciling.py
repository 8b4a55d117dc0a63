"""The operator's edge to reconciling: read now, and see whether it works."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from tocsin_common.auth import Operator
from tocsin_common.problems import Conflict, Problem
from tocsin_intake.auth import KnownHotlines
from tocsin_intake.reconciling.service import NotReconciled, Reconciler

router = APIRouter(prefix="/v1/admin/integrations", tags=["operator"], dependencies=[Operator])


class NothingToRead(Conflict):
    """It was not told how to read."""

    code = "nothing_to_read"
    detail = "Only a kobo integration with an API token and a form's uid (asset) can be read."


class SystemNotRead(Problem):
    """The hotline's own system did not answer as it should."""

    status = HTTPStatus.BAD_GATEWAY
    code = "system_not_read"
    detail = "KoboToolbox did not answer as it should. Check the server, the token and the asset."


class Reconciled(BaseModel):
    """How many forms were read; those known before changed nothing."""

    read: int = Field(examples=[12])


async def _reconciler(request: Request) -> Reconciler:
    return request.app.state.reconciler


@router.post("/{integration_id}/reconcile")
async def reconcile_integration(
    integration_id: UUID,
    hotlines: KnownHotlines,
    reconciler: Annotated[Reconciler, Depends(_reconciler)],
) -> Reconciled:
    """Read from KoboToolbox now what its REST service did not post, and edits.

    Intake does so by itself every five minutes; this says whether it can.
    """
    hotline = await hotlines.enabled(integration_id)
    try:
        read = await reconciler.reconcile(hotline, at_once=True)
    except NotReconciled:
        raise SystemNotRead from None
    if read is None:
        raise NothingToRead
    return Reconciled(read=read)
