"""The buyer's edge to alerts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from tocsin_buyer_portal_api.alerts import service
from tocsin_buyer_portal_api.alerts.schemas import AlertDetail, AlertQuestion, AlertShown
from tocsin_buyer_portal_api.auth import CallingBuyer
from tocsin_common.conditions import CONDITIONAL, answer
from tocsin_common.database import Session
from tocsin_common.pages import Page, ThisList

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])


@router.get("")
async def list_alerts(
    question: Annotated[AlertQuestion, Query()],
    caller: CallingBuyer,
    this: ThisList,
    session: Session,
) -> Page[AlertShown]:
    """List the alerts about organisations your contracts reach, newest slot first.

    One that changes moves to the front.
    """
    found = await service.page(session, caller, question, after=this.after_time, limit=this.wanted)
    return this.page(found, lambda one: (one.slot, one.alert_id))


@router.get("/{alert_id}", response_model=AlertDetail, responses=CONDITIONAL)
async def show_alert(
    alert_id: UUID, caller: CallingBuyer, session: Session, request: Request
) -> Response:
    """Show one alert with what it said before."""
    alert, versions = await service.detail(session, caller, alert_id)
    return answer(request, AlertDetail(**dict(alert), versions=versions))
