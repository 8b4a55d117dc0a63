"""Buyers' subscriptions: made, shown, changed, deleted."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.conditions import etag, require_match
from tocsin_common.problems import Conflict, Invalid, NotFound
from tocsin_contracts.ids import new_green_id
from tocsin_notifications.alerts.matching import LEVELS, terms_of_subscription
from tocsin_notifications.models import Buyer, ContractReach
from tocsin_notifications.subscriptions.models import (
    Subscription,
    SubscriptionEndpoint,
    SubscriptionTerm,
)
from tocsin_notifications.subscriptions.schemas import (
    Conditions,
    NewSubscription,
    Subscribed,
    SubscriptionChange,
    wanted,
)
from tocsin_notifications.webhooks import service as webhooks

MOST_SUBSCRIPTIONS = 1000  # of one buyer


class UnknownIssueGroup(Invalid):
    """An alert about it can never come."""

    code = "unknown_issue_group"
    detail = "One of `issue_groups` is not in the taxonomy."


class UnknownEndpoint(Invalid):
    """It is nobody's, or another buyer's: the two look the same."""

    code = "unknown_endpoint"
    detail = "One of `endpoint_ids` is not an endpoint of yours."


class UnknownContract(Invalid):
    """It is nobody's, or another buyer's, or reaches nobody: they look the same."""

    code = "unknown_contract"
    detail = "One of `contract_ids` is not a contract of yours that reaches an organisation."


class TooManySubscriptions(Conflict):
    """A buyer has as many subscriptions as it may."""

    code = "too_many_subscriptions"
    detail = f"A buyer has at most {MOST_SUBSCRIPTIONS} subscriptions. Delete one first."


Made = tuple[Subscription, list[UUID]]
"""A subscription, and the endpoints it names."""


async def create(
    session: AsyncSession,
    buyer_id: UUID,
    new: NewSubscription,
    now: datetime,
    *,
    known_groups: Collection[str],
) -> Made:
    """Make a subscription; return it with the endpoints it names.

    Raises:
        UnknownIssueGroup: the taxonomy lacks one of its issue groups.
        UnknownContract: it names a contract that its buyer does not have.
        UnknownEndpoint: it names an endpoint that its buyer does not have.
        TooManySubscriptions: the buyer has as many as it may.
    """
    await session.get(Buyer, buyer_id, with_for_update=True)
    counted = select(func.count()).where(col(Subscription.buyer_id) == buyer_id)
    if (await session.exec(counted)).one() >= MOST_SUBSCRIPTIONS:
        raise TooManySubscriptions
    subscription = Subscription(
        id=new_green_id(), buyer_id=buyer_id, every_endpoint=True, created_at=now
    )
    named = await _set(session, subscription, new, now, known_groups)
    return subscription, named


async def change(
    session: AsyncSession,
    buyer_id: UUID,
    subscription_id: UUID,
    change: SubscriptionChange,
    if_match: str | None,
    now: datetime,
    *,
    known_groups: Collection[str],
) -> Made:
    """Change a subscription; what it has begun to tell goes on.

    Raises:
        NotFound: this buyer has no such subscription.
        IfMatchMissing: the caller does not say which state it changes.
        ChangedSince: it changes another state.
        UnknownIssueGroup: the taxonomy lacks one of its issue groups.
        UnknownContract: it names a contract that its buyer does not have.
        UnknownEndpoint: it names an endpoint that its buyer does not have.
    """
    subscription = await find(session, buyer_id, subscription_id, lock=True)
    require_match(if_match, etag(subscription.version))
    named = (await endpoints_of(session, [subscription]))[subscription_id]
    before = wanted(subscription, named)
    after = change.of(before)
    if after == before:
        return subscription, named
    subscription.version += 1
    return subscription, await _set(session, subscription, after, now, known_groups)


async def find(
    session: AsyncSession, buyer_id: UUID, subscription_id: UUID, *, lock: bool = False
) -> Subscription:
    """Return a buyer's subscription.

    Raises:
        NotFound: this buyer has no such subscription.
    """
    found = await session.get(Subscription, subscription_id, with_for_update=lock)
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


async def check(
    session: AsyncSession, buyer_id: UUID, asked: Conditions, known_groups: Collection[str]
) -> None:
    """Return if these conditions could ever be met.

    Raises:
        UnknownIssueGroup: the taxonomy lacks one of the issue groups.
        UnknownContract: one of the contracts is not this buyer's.
    """
    if not set(asked.issue_groups).issubset(known_groups):
        raise UnknownIssueGroup
    contracts = set(asked.contract_ids)
    query = (
        select(ContractReach.contract_id)
        .where(
            col(ContractReach.buyer_id) == buyer_id, col(ContractReach.contract_id).in_(contracts)
        )
        .distinct()
    )
    if contracts and set((await session.exec(query)).all()) != contracts:
        raise UnknownContract


async def _set(
    session: AsyncSession,
    subscription: Subscription,
    new: Subscribed,
    now: datetime,
    known_groups: Collection[str],
) -> list[UUID]:
    """Make a subscription what is wanted, and found by it; return the endpoints it names."""
    buyer_id, named = subscription.buyer_id, sorted(set(new.endpoint_ids or ()))
    await check(session, buyer_id, new, known_groups)
    if not await webhooks.are_all_of(session, buyer_id, named):
        raise UnknownEndpoint
    subscription.name = new.name or ""
    subscription.organisation_ids = sorted(set(new.organisation_ids))
    subscription.roles = sorted(set(new.roles))
    subscription.facility_ids = sorted(set(new.facility_ids))
    subscription.contract_ids = sorted(set(new.contract_ids))
    subscription.countries = sorted(set(new.countries))
    subscription.issue_groups = sorted(set(new.issue_groups))
    subscription.severity_at_least = new.severity_at_least
    subscription.level_at_least = LEVELS.index(new.level_at_least)
    subscription.timing = new.mail.timing().written
    subscription.every_endpoint = new.endpoint_ids is None
    subscription.paused_at = (subscription.paused_at or now) if new.paused else None
    session.add(subscription)
    await session.flush()
    for table in (SubscriptionTerm, SubscriptionEndpoint):
        await session.exec(delete(table).where(col(table.subscription_id) == subscription.id))
    session.add_all(
        SubscriptionTerm(buyer_id=buyer_id, term=term, subscription_id=subscription.id)
        for term in sorted(terms_of_subscription(new.wish()))
    )
    session.add_all(
        SubscriptionEndpoint(subscription_id=subscription.id, endpoint_id=endpoint_id)
        for endpoint_id in named
    )
    return named
