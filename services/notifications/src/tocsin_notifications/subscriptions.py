"""Buyers' subscriptions: made, shown, deleted."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.problems import Conflict, Invalid, NotFound
from tocsin_contracts.ids import new_green_id
from tocsin_notifications import webhooks
from tocsin_notifications.matching import terms_of_subscription
from tocsin_notifications.models import (
    Buyer,
    Subscription,
    SubscriptionEndpoint,
    SubscriptionTerm,
)
from tocsin_notifications.schemas import NewSubscription

MOST_SUBSCRIPTIONS = 1000  # of one buyer


class UnknownIssueGroup(Invalid):
    """An alert about it can never come."""

    code = "unknown_issue_group"
    detail = "One of `issue_groups` is not in the taxonomy."


class UnknownEndpoint(Invalid):
    """It is nobody's, or another buyer's: the two look the same."""

    code = "unknown_endpoint"
    detail = "One of `endpoint_ids` is not an endpoint of yours."


class TooManySubscriptions(Conflict):
    """A buyer has as many subscriptions as it may."""

    code = "too_many_subscriptions"
    detail = f"A buyer has at most {MOST_SUBSCRIPTIONS} subscriptions. Delete one first."


async def create(
    session: AsyncSession,
    buyer_id: UUID,
    new: NewSubscription,
    now: datetime,
    *,
    known_groups: Collection[str],
) -> tuple[Subscription, list[UUID]]:
    """Make a subscription; return it with the endpoints it names.

    Raises:
        UnknownIssueGroup: the taxonomy lacks one of its issue groups.
        UnknownEndpoint: it names an endpoint that its buyer does not have.
        TooManySubscriptions: the buyer has as many as it may.
    """
    named = sorted(set(new.endpoint_ids or ()))
    if not set(new.issue_groups).issubset(known_groups):
        raise UnknownIssueGroup
    await session.get(Buyer, buyer_id, with_for_update=True)
    if not await webhooks.are_all_of(session, buyer_id, named):
        raise UnknownEndpoint
    counted = select(func.count()).where(col(Subscription.buyer_id) == buyer_id)
    if (await session.exec(counted)).one() >= MOST_SUBSCRIPTIONS:
        raise TooManySubscriptions
    subscription = Subscription(
        id=new_green_id(),
        buyer_id=buyer_id,
        name=new.name or "",
        organisation_ids=sorted(set(new.organisation_ids)),
        countries=sorted(set(new.countries)),
        issue_groups=sorted(set(new.issue_groups)),
        every_endpoint=new.endpoint_ids is None,
        created_at=now,
    )
    session.add(subscription)
    await session.flush()
    terms = terms_of_subscription(
        subscription.organisation_ids, subscription.countries, subscription.issue_groups
    )
    session.add_all(
        SubscriptionTerm(buyer_id=buyer_id, term=term, subscription_id=subscription.id)
        for term in terms
    )
    session.add_all(
        SubscriptionEndpoint(subscription_id=subscription.id, endpoint_id=endpoint_id)
        for endpoint_id in named
    )
    return subscription, named


async def find(session: AsyncSession, buyer_id: UUID, subscription_id: UUID) -> Subscription:
    """Return a buyer's subscription.

    Raises:
        NotFound: this buyer has no such subscription.
    """
    found = await session.get(Subscription, subscription_id)
    if not found or found.buyer_id != buyer_id:
        raise NotFound
    return found


async def page(
    session: AsyncSession, buyer_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[Subscription]:
    """Return a buyer's subscriptions, newest first."""
    order = (col(Subscription.created_at), col(Subscription.id))
    query = select(Subscription).where(col(Subscription.buyer_id) == buyer_id)
    if after:
        query = query.where(tuple_(*order) < after)
    newest_first = query.order_by(*(one.desc() for one in order))
    return list((await session.exec(newest_first.limit(limit))).all())


async def endpoints_of(
    session: AsyncSession, subscriptions: Sequence[Subscription]
) -> Mapping[UUID, list[UUID]]:
    """Return the endpoints that each of these subscriptions names."""
    named: dict[UUID, list[UUID]] = {one.id: [] for one in subscriptions}
    query = (
        select(SubscriptionEndpoint)
        .where(col(SubscriptionEndpoint.subscription_id).in_(named))
        .order_by(col(SubscriptionEndpoint.endpoint_id))
    )
    for one in (await session.exec(query)).all():
        named[one.subscription_id].append(one.endpoint_id)
    return named


async def remove(session: AsyncSession, buyer_id: UUID, subscription_id: UUID) -> None:
    """Delete a subscription; what it has already planned is still delivered.

    Raises:
        NotFound: this buyer has no such subscription.
    """
    await find(session, buyer_id, subscription_id)
    await session.exec(delete(Subscription).where(col(Subscription.id) == subscription_id))
