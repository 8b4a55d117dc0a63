"""Mail addresses as buyers set them, and the pages behind the links in mails.

A page does nothing until its button is pressed, since mail scanners follow every link; a mail
program that unsubscribes by itself posts as the button does (RFC 8058).
"""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from tocsin_common.auth import Operator
from tocsin_common.database import Session, after_commit
from tocsin_notifications.auth import CallingBuyer
from tocsin_notifications.mail import letters, service
from tocsin_notifications.mail.schemas import MailServer, NewAddress
from tocsin_notifications.mail.tokens import For, endpoint_of
from tocsin_notifications.mail.words import language_of, words_of
from tocsin_notifications.models import Endpoint
from tocsin_notifications.schemas import EndpointShown

router = APIRouter(prefix="/v1/endpoints", tags=["endpoints"])
pages = APIRouter(prefix="/mail", include_in_schema=False)
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
