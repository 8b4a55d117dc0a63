"""The HTTP edge for the upkeep of endpoints: change, test, verify, rotate, pause, repair."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.database import Session, after_commit
from tocsin_notifications.auth import CallingBuyer
from tocsin_notifications.deliveries import recovery
from tocsin_notifications.schemas import (
    DeliveryShown,
    EndpointChange,
    EndpointCreated,
    EndpointHealth,
    EndpointShown,
    Recovered,
    Recovery,
    WebhookKey,
    WebhookKeys,
)
from tocsin_notifications.webhooks import health, rehearsal, signing
from tocsin_notifications.webhooks import service as webhooks

router = APIRouter()
_endpoint = APIRouter(prefix="/v1/endpoints/{endpoint_id}", tags=["endpoints"])

IfMatch = Annotated[
    str | None, Header(description="The ETag of the state you change, or `*`; required.")
]


@_endpoint.patch("")
async def change_endpoint(
    endpoint_id: UUID,
    wanted: EndpointChange,
    buyer: CallingBuyer,
    session: Session,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> EndpointShown:
    """Change an endpoint's address, description, rate or wish for the latest version only."""
    plain_allowed = bool(request.app.state.settings.allowed_networks)
    endpoint = await webhooks.change(
        session,
        buyer,
        endpoint_id,
        wanted,
        if_match,
        datetime.now(UTC),
        plain_allowed=plain_allowed,
    )
    response.headers["ETag"] = webhooks.edition(endpoint)
    await _wake(session, request)
    return EndpointShown.of(endpoint)


@_endpoint.post("/rotate")
async def rotate_secret(
    endpoint_id: UUID, buyer: CallingBuyer, session: Session, request: Request
) -> EndpointCreated:
    """Make a new secret, shown this once. For 24 hours the previous one signs as well."""
    endpoint = await webhooks.rotate(session, buyer, endpoint_id, datetime.now(UTC))
    key = request.app.state.settings.webhook_key
    secret = signing.secret_of(key, endpoint.id, endpoint.secret_generation)
    shown = EndpointShown.of(endpoint)
    return EndpointCreated(**shown.model_dump(), secret=signing.shown(secret))


@_endpoint.post("/test", status_code=202)
async def test_endpoint(
    endpoint_id: UUID, buyer: CallingBuyer, session: Session, request: Request
) -> DeliveryShown:
    """Send a test: signed, sent and logged as any delivery, and tried once."""
    delivery = await rehearsal.test(session, buyer, endpoint_id, datetime.now(UTC))
    await _wake(session, request)
    return DeliveryShown.of(delivery, None)


@_endpoint.post("/verify", status_code=202)
async def verify_endpoint(
    endpoint_id: UUID, buyer: CallingBuyer, session: Session, request: Request
) -> DeliveryShown:
    """Ask the endpoint for proof that it wants this: it answers 2xx with the challenge it got."""
    delivery = await rehearsal.verification(session, buyer, endpoint_id, datetime.now(UTC))
    await _wake(session, request)
    return DeliveryShown.of(delivery, None)


@_endpoint.post("/pause")
async def pause_endpoint(endpoint_id: UUID, buyer: CallingBuyer, session: Session) -> EndpointShown:
    """Let deliveries wait. Corrections are sent all the same."""
    return EndpointShown.of(await webhooks.pause(session, buyer, endpoint_id, datetime.now(UTC)))


@_endpoint.post("/resume")
async def resume_endpoint(
    endpoint_id: UUID, buyer: CallingBuyer, session: Session, request: Request
) -> EndpointShown:
    """Send to a paused endpoint again, at once what has waited."""
    endpoint = await webhooks.resume(session, buyer, endpoint_id)
    await _wake(session, request)
    return EndpointShown.of(endpoint)


@_endpoint.post("/recover", status_code=202)
async def recover_endpoint(
    endpoint_id: UUID, wanted: Recovery, buyer: CallingBuyer, session: Session, request: Request
) -> Recovered:
    """Send again what failed since a time, with the same ids and bytes, never an older version."""
    recovered = await recovery.recover(
        session, buyer, endpoint_id, wanted.since, delivered_too=wanted.delivered_too
    )
    await _wake(session, request)
    return recovered


@_endpoint.get("/health")
async def get_endpoint_health(
    endpoint_id: UUID, buyer: CallingBuyer, session: Session
) -> EndpointHealth:
    """Show how an endpoint has done: last success, failures, how long it takes to answer."""
    return await health.of_endpoint(session, buyer, endpoint_id, datetime.now(UTC))


@router.get("/.well-known/webhook-keys.json", tags=["webhooks"])
async def list_webhook_keys(request: Request, response: Response) -> WebhookKeys:
    """List the public keys that verify `v1a` signatures. Anybody may read them."""
    response.headers["Cache-Control"] = "public, max-age=3600"
    return WebhookKeys(
        keys=[
            WebhookKey(
                key_id=signing.id_of(key), algorithm="ed25519", public_key=signing.public(key)
            )
            for key in request.app.state.signing_keys
        ]
    )


async def _wake(session: AsyncSession, request: Request) -> None:
    after_commit(await session.connection(), request.app.state.wake)


router.include_router(_endpoint)
