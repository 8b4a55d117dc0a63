"""The buyer's edge to alerts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from tocsin_buyer_portal_api.alerts import service
from tocsin_buyer_portal_api.alerts.schemas import AlertDetail, AlertPage, AlertQuestion
from tocsin_buyer_portal_api.auth import CallingBuyer
from tocsin_buyer_portal_api.pages import ThisList
from tocsin_common.conditions import CONDITIONAL, answer
from tocsin_common.database import Session

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])


@router.get("")
async def list_alerts(
    question: Annotated[AlertQuestion, Query()],
    caller: CallingBuyer,
    this: ThisList,
    session: Session,
) -> AlertPage:
    """List the alerts about organisations your contracts reach, newest slot first."""
    place = this.place(question, caller.buyer_id)
    after = (datetime.fromisoformat(place[0]), UUID(place[1])) if place else None
    alerts, more = await service.page(session, caller, question, after)
    cursor = None
    if more:
        last = (alerts[-1].slot.isoformat(), str(alerts[-1].alert_id))
        cursor = this.next_cursor(last, question, caller.buyer_id)
    return AlertPage(data=alerts, next_cursor=cursor)


@router.get("/{alert_id}", response_model=AlertDetail, responses=CONDITIONAL)
async def show_alert(
    alert_id: UUID, caller: CallingBuyer, session: Session, request: Request
) -> Response:
    """Show one alert with what it said before."""
    alert, versions = await service.detail(session, caller, alert_id)
    return answer(request, AlertDetail(**dict(alert), versions=versions))
