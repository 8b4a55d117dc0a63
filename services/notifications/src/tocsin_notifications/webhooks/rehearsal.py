"""Real deliveries that carry no alert: a test, and the question whether an endpoint wants any."""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_contracts.ids import new_green_id
from tocsin_notifications.deliveries.log import EndpointIsDisabled
from tocsin_notifications.models import Delivery, DeliveryState, Endpoint, Kind, Purpose
from tocsin_notifications.webhooks import payload
from tocsin_notifications.webhooks import service as webhooks


async def test(session: AsyncSession, buyer_id: UUID, endpoint_id: UUID, now: datetime) -> Delivery:
    """Plan a test: signed, sent and noted as any delivery, also past a pause, and tried once.

    Raises:
        NotFound: this buyer has no such endpoint.
        EndpointIsDisabled: it is sent nothing.
    """
    endpoint = await webhooks.find(session, buyer_id, endpoint_id, lock=True)
    return await _plan(session, endpoint, Purpose.TEST, payload.test_body(endpoint_id, now), now)


async def plan_test(
    session: AsyncSession, endpoint: Endpoint, body: bytes, now: datetime
) -> Delivery:
    """Plan a test with a body of the caller's, for an endpoint that is sent something."""
    return await _plan(session, endpoint, Purpose.TEST, body, now)


async def verification(
    session: AsyncSession, buyer_id: UUID, endpoint_id: UUID, now: datetime
) -> Delivery:
    """Plan the question whether an endpoint wants to be told: it answers with the challenge.

    Raises:
        NotFound: this buyer has no such endpoint.
        NoWebhook: a mail address is asked in another way.
        EndpointIsDisabled: it is sent nothing.
    """
    endpoint = await webhooks.find(session, buyer_id, endpoint_id, lock=True)
    if endpoint.kind != Kind.WEBHOOK:
        raise webhooks.NoWebhook
    body = payload.challenge_body(endpoint_id, now, secrets.token_urlsafe(24))
    return await _plan(session, endpoint, Purpose.VERIFICATION, body, now)


async def _plan(
    session: AsyncSession, endpoint: Endpoint, purpose: Purpose, body: bytes, now: datetime
) -> Delivery:
    """Plan it before what waits already, since a person is watching."""
    if endpoint.disabled_at:
        raise EndpointIsDisabled
    first = select(func.min(Delivery.due_at)).where(
        col(Delivery.endpoint_id) == endpoint.id, col(Delivery.state) == DeliveryState.WAITING
    )
    endpoint.quiet_until = None
    delivery = Delivery(
        id=new_green_id(),
        buyer_id=endpoint.buyer_id,
        endpoint_id=endpoint.id,
        purpose=purpose,
        body=body,
        pressing=True,
        state=DeliveryState.WAITING,
        planned_at=now,
        due_at=min((await session.exec(first)).one() or now, now),
    )
    session.add(delivery)
    return delivery
