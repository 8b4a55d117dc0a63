"""Disclosure's HTTP edge: alerts and intentions for officers, the ledger for operators."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Request

from tocsin_cases.auth import CallingOfficer, OnlyOfficers
from tocsin_cases.disclosure import ending, lists, schedule
from tocsin_cases.disclosure.schemas import AlertEnding, AlertShown, IntentionShown, Ledger
from tocsin_cases.disclosure.terms import Terms
from tocsin_common.auth import Operator
from tocsin_common.database import Session
from tocsin_common.pages import Page, ThisList

alerts = APIRouter(prefix="/v1/alerts", tags=["alerts"], dependencies=[OnlyOfficers])
intentions = APIRouter(prefix="/v1/intentions", tags=["alerts"], dependencies=[OnlyOfficers])
admin = APIRouter(prefix="/v1/admin", tags=["operator"], dependencies=[Operator])


@alerts.get("")
async def list_alerts(this: ThisList, session: Session) -> Page[AlertShown]:
    """List alerts, ended ones included, as buyers were last told of them."""
    found = await lists.page_of_alerts(session, after=this.after_id, limit=this.wanted)
    return this.page(found, lambda one: one.alert_id)


@alerts.post("/{alert_id}/end", status_code=202)
async def end_alert(
    alert_id: UUID, officer: CallingOfficer, session: Session, request: Request
) -> AlertEnding:
    """End an alert. Buyers are told in the next slot."""
    terms: Terms = request.app.state.terms
    await ending.end_alert(session, alert_id, officer.officer_id)
    leaves_at = schedule.next_slot(terms.slots, datetime.now(UTC))
    return AlertEnding(alert_id=alert_id, leaves_at=leaves_at)


@intentions.get("")
async def list_intentions(
    this: ThisList, session: Session, *, only_held: bool = False
) -> Page[IntentionShown]:
    """List what hotlines were told cases means to disclose; or only what they hold."""
    found = await lists.page_of_intentions(
        session,
        only_held=only_held,
        after=this.after_id,
        limit=this.wanted,
        today=datetime.now(UTC).date(),
    )
    return this.page(found, lambda one: one.intention_id)


@admin.get("/ledger")
async def show_ledger(session: Session) -> Ledger:
    """Count what this service has taken in and let out."""
    return await lists.ledger(session, datetime.now(UTC).date())
