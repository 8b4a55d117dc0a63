"""Mail addresses as buyers set them, and the pages behind the links in mails.

A page does nothing until its button is pressed, since mail scanners follow every link; a mail
program that unsubscribes by itself posts as the button does (RFC 8058).
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from tocsin_common.auth import Operator, scheme
from tocsin_common.database import Session, after_commit
from tocsin_common.keyed import same
from tocsin_common.problems import NotAuthenticated
from tocsin_notifications.auth import CallingBuyer
from tocsin_notifications.mail import bounces, letters, service
from tocsin_notifications.mail import returns as service_of_returns
from tocsin_notifications.mail.schemas import (
    MailServer,
    MailTaken,
    NewAddress,
    NoMessage,
    NotSentByUs,
)
from tocsin_notifications.mail.tokens import For, delivery_of, endpoint_of
from tocsin_notifications.mail.words import language_of, words_of
from tocsin_notifications.models import Endpoint
from tocsin_notifications.schemas import EndpointShown


async def _mail_server(request: Request, _: Annotated[object, Depends(scheme)]) -> None:
    expected = request.app.state.settings.bounce_key.get_secret_value()
    shown = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if not expected or not same(shown, expected):
        raise NotAuthenticated("Send the mail server's key: TOCSIN_BOUNCE_KEY of this service.")


_A_MESSAGE = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}

router = APIRouter(prefix="/v1/endpoints", tags=["endpoints"])
pages = APIRouter(prefix="/mail", include_in_schema=False)
returns = APIRouter(prefix="/v1/bounces", tags=["operator"], dependencies=[Depends(_mail_server)])
admin = APIRouter(prefix="/v1/admin/mail", tags=["operator"], dependencies=[Operator])

_QUIET = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address of the page is the key to it
}


@router.post("/email", status_code=201)
async def create_email_endpoint(
    new: NewAddress, buyer: CallingBuyer, session: Session, request: Request
) -> EndpointShown:
    """Say where mails are to be sent. The address is asked first, and told once it confirms."""
    _require_mail(request)
    endpoint = await service.create(session, buyer, new, datetime.now(UTC))
    after_commit(await session.connection(), request.app.state.wake)
    return EndpointShown.of(endpoint)


@router.post("/{endpoint_id}/confirmation", status_code=202)
async def ask_for_confirmation(
    endpoint_id: UUID, buyer: CallingBuyer, session: Session, request: Request
) -> EndpointShown:
    """Ask a mail address again whether it wants to be told."""
    _require_mail(request)
    endpoint = await service.ask_again(session, buyer, endpoint_id, datetime.now(UTC))
    after_commit(await session.connection(), request.app.state.wake)
    return EndpointShown.of(endpoint)


@returns.post("", openapi_extra=_A_MESSAGE)
async def take_back_mail(
    request: Request,
    session: Session,
    recipient: Annotated[
        str | None,
        Query(
            max_length=320,
            description="Where it was sent to, if its own headers do not say.",
            examples=["bounces+kfqx…@monitor.example"],
        ),
    ] = None,
) -> MailTaken:
    """Take a message that came back, as the mail server has it. That is the mail server's to do.

    A report that a mail could not be delivered makes that delivery fail. If there is nobody at
    its address, or everything comes back for five days, the address is sent nothing more.
    """
    settings = request.app.state.settings
    try:
        message = bounces.read(await request.body())
    except bounces.Unreadable:
        raise NoMessage from None
    shown = [recipient] if recipient else list(message.addresses)
    found = (delivery_of(settings.webhook_key, settings.mail_bounces, one) for one in shown)
    if not (delivery_id := next((one for one in found if one), None)):
        raise NotSentByUs
    report = message.report
    if report and report.given_up:
        await service_of_returns.note(
            await session.connection(), delivery_id, report, datetime.now(UTC)
        )
    taken = MailTaken.of(report)
    service_of_returns.returned.labels(taken.means).inc()
    after_commit(await session.connection(), request.app.state.wake)
    return taken


@admin.get("")
async def check_mail_server(request: Request) -> MailServer:
    """Speak to the mail server now, and say how that went. Nothing is sent."""
    if not request.app.state.settings.smtp_host:
        return MailServer(configured=False, reached=False, fault=None)
    fault = await request.app.state.post.reach()
    return MailServer(configured=True, reached=fault is None, fault=fault)


@pages.get("/confirm/{token}")
async def show_confirmation(token: str, session: Session, request: Request) -> Response:
    """Ask for the button to be pressed."""
    endpoint = await _endpoint(request, session, For.CONFIRM, token)
    language = await service.language_of(session, endpoint)
    return _page(language, "confirm", "confirm") if endpoint else _expired(language)


@pages.post("/confirm/{token}")
async def confirm_address(token: str, session: Session, request: Request) -> Response:
    """Send mails to this address from now on."""
    endpoint_id = endpoint_of(request.app.state.settings.webhook_key, For.CONFIRM, token)
    endpoint = None
    if endpoint_id:
        endpoint = await service.confirm(session, endpoint_id, datetime.now(UTC))
    language = await service.language_of(session, endpoint)
    return _page(language, "confirmed") if endpoint else _expired(language)


@pages.get("/unsubscribe/{token}")
async def show_unsubscription(token: str, session: Session, request: Request) -> Response:
    """Ask for the button to be pressed."""
    endpoint = await _endpoint(request, session, For.UNSUBSCRIBE, token)
    language = await service.language_of(session, endpoint)
    return _page(language, "unsubscribe", "unsubscribe") if endpoint else _expired(language)


@pages.post("/unsubscribe/{token}")
async def unsubscribe_address(token: str, session: Session, request: Request) -> Response:
    """Send no more mails to this address; to ask twice changes nothing."""
    endpoint_id = endpoint_of(request.app.state.settings.webhook_key, For.UNSUBSCRIBE, token)
    endpoint = None
    if endpoint_id:
        endpoint = await service.unsubscribe(session, endpoint_id, datetime.now(UTC))
    language = await service.language_of(session, endpoint)
    return _page(language, "unsubscribed") if endpoint else _expired(language)


async def _endpoint(
    request: Request, session: Session, purpose: For, token: str
) -> Endpoint | None:
    endpoint_id = endpoint_of(request.app.state.settings.webhook_key, purpose, token)
    return await session.get(Endpoint, endpoint_id) if endpoint_id else None


def _page(language: str, text: str, button: str = "", status: int = 200) -> Response:
    language = language_of(language)
    words = words_of(language)
    html = (
        letters.environment()
        .get_template("page.html.j2")
        .render(
            language=language,
            text=words["page"][text],
            button=words["label"][button] if button else "",
        )
    )
    return HTMLResponse(html, status, headers=_QUIET)


def _expired(language: str) -> Response:
    return _page(language, "expired", status=404)


def _require_mail(request: Request) -> None:
    if not request.app.state.settings.smtp_host:
        raise service.NoMail
