"""Mail addresses: asked first, told after they have confirmed, and left alone when they say so."""

import json
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.problems import Conflict
from tocsin_contracts.ids import new_green_id
from tocsin_notifications.deliveries.log import EndpointIsDisabled
from tocsin_notifications.mail.schemas import NewAddress
from tocsin_notifications.models import Buyer, Delivery, DeliveryState, Endpoint, Kind, Purpose
from tocsin_notifications.webhooks import service as webhooks

MOST_QUESTIONS = 20  # of one buyer in a day: nobody is to be bothered through us
CONFIRM_WITHIN = timedelta(days=7)


class NoMail(Conflict):
    """The operator named no mail server."""

    code = "no_mail"
    detail = "This installation sends no mail."


class TooManyQuestions(Conflict):
    """People were asked often enough."""

    code = "too_many_questions"
    detail = f"At most {MOST_QUESTIONS} confirmations are asked for in a day. Try again tomorrow."


class ConfirmedAlready(Conflict):
    """There is nothing left to ask."""

    code = "confirmed_already"
    detail = "This address has been confirmed."


class NoAddress(Conflict):
    """A webhook is verified in another way."""

    code = "no_address"
    detail = "This endpoint is not a mail address."


async def create(session: AsyncSession, buyer_id: UUID, new: NewAddress, now: datetime) -> Endpoint:
    """Note an address and ask it; it is sent nothing else before it confirms.

    Raises:
        TooManyEndpoints: the buyer has as many as it may.
        TooManyQuestions: the buyer had people asked often enough today.
    """
    await session.get(Buyer, buyer_id, with_for_update=True)
    counted = select(func.count()).where(col(Endpoint.buyer_id) == buyer_id)
    if (await session.exec(counted)).one() >= webhooks.MOST_ENDPOINTS:
        raise webhooks.TooManyEndpoints
    endpoint = Endpoint(
        id=new_green_id(),
        buyer_id=buyer_id,
        kind=Kind.EMAIL,
        address=new.email,
        description=new.description or "",
        rate_per_minute=new.rate_per_minute,
        created_at=now,
    )
    session.add(endpoint)
    await _ask(session, endpoint, now)
    return endpoint


async def ask_again(
    session: AsyncSession, buyer_id: UUID, endpoint_id: UUID, now: datetime
) -> Endpoint:
    """Send the question again.

    Raises:
        NotFound: this buyer has no such endpoint.
        NoAddress: it is a webhook.
        EndpointIsDisabled: it is sent nothing.
        ConfirmedAlready: it has been answered.
        TooManyQuestions: the buyer had people asked often enough today.
    """
    await session.get(Buyer, buyer_id, with_for_update=True)
    endpoint = await webhooks.find(session, buyer_id, endpoint_id, lock=True)
    if endpoint.kind != Kind.EMAIL:
        raise NoAddress
    if endpoint.disabled_at:
        raise EndpointIsDisabled
    if endpoint.verified_at:
        raise ConfirmedAlready
    await _ask(session, endpoint, now)
    return endpoint


async def confirm(session: AsyncSession, endpoint_id: UUID, now: datetime) -> Endpoint | None:
    """Note that an address wants to be told; `None` if it is gone or was asked too long ago."""
    endpoint = await session.get(Endpoint, endpoint_id, with_for_update=True)
    if not endpoint or endpoint.kind != Kind.EMAIL:
        return None
    if endpoint.verified_at:
        return endpoint
    asked = select(Delivery.id).where(
        col(Delivery.endpoint_id) == endpoint_id,
        col(Delivery.buyer_id) == endpoint.buyer_id,
        col(Delivery.purpose) == Purpose.VERIFICATION,
        col(Delivery.planned_at) >= now - CONFIRM_WITHIN,
    )
    if not (await session.exec(asked.limit(1))).first():
        return None
    endpoint.verified_at = now
    return endpoint


async def unsubscribe(session: AsyncSession, endpoint_id: UUID, now: datetime) -> Endpoint | None:
    """Send an address nothing more until it confirms again; what waits is cancelled."""
    endpoint = await session.get(Endpoint, endpoint_id, with_for_update=True)
    if not endpoint or endpoint.kind != Kind.EMAIL:
        return None
    endpoint.verified_at = None
    held = (
        select(Delivery.id)
        .where(
            col(Delivery.endpoint_id) == endpoint_id,
            col(Delivery.state).in_([DeliveryState.WAITING, DeliveryState.COLLECTED]),
        )
        .order_by(col(Delivery.id))
        .with_for_update()
    )
    cancelled = {"state": DeliveryState.CANCELLED, "settled_at": now}
    await session.exec(update(Delivery).where(col(Delivery.id).in_(held)).values(cancelled))
    # An old question must not let anybody confirm again; a new one is asked for by the buyer.
    await session.exec(
        delete(Delivery).where(
            col(Delivery.endpoint_id) == endpoint_id,
            col(Delivery.purpose) == Purpose.VERIFICATION,
        )
    )
    return endpoint


async def language_of(session: AsyncSession, endpoint: Endpoint | None) -> str:
    """The language of an endpoint's buyer."""
    buyer = await session.get(Buyer, endpoint.buyer_id) if endpoint else None
    return buyer.language if buyer else "en"


async def _ask(session: AsyncSession, endpoint: Endpoint, now: datetime) -> None:
    asked = select(func.count()).where(
        col(Delivery.buyer_id) == endpoint.buyer_id,
        col(Delivery.planned_at) > now - timedelta(days=1),
        col(Delivery.purpose) == Purpose.VERIFICATION,
    )
    if (await session.exec(asked)).one() >= MOST_QUESTIONS:
        raise TooManyQuestions
    said = {"type": "endpoint.verification", "data": {"endpoint_id": str(endpoint.id)}}
    session.add(
        Delivery(
            id=new_green_id(),
            buyer_id=endpoint.buyer_id,
            endpoint_id=endpoint.id,
            purpose=Purpose.VERIFICATION,
            body=json.dumps(said).encode(),
            pressing=True,
            state=DeliveryState.WAITING,
            planned_at=now,
            due_at=now,
        )
    )
