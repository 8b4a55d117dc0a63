"""Who has acknowledged a change, and who has not."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.problems import Conflict, NotFound
from tocsin_notifications.acknowledgements.models import Acknowledgement
from tocsin_notifications.models import Buyer


class ChangedAgain(Conflict):
    """What was read is not what stands now."""

    code = "changed_again"
    detail = "The alert has changed since that version. Read it again and acknowledge what it says."


class NotToldYet(Conflict):
    """Nobody here was told of that version."""

    code = "not_told_yet"
    detail = "You were told of no such version. Acknowledge the one you were told of."


async def acknowledge(
    session: AsyncSession, buyer_id: UUID, alert_id: UUID, version: int, now: datetime
) -> Acknowledgement:
    """Note that a buyer has seen a change; to acknowledge it twice changes nothing.

    Raises:
        NotFound: this buyer was told of no change of such an alert.
        ChangedAgain: it was told of a newer one.
        NotToldYet: it was told of an older one only.
    """
    query = select(Acknowledgement).where(
        col(Acknowledgement.alert_id) == alert_id, col(Acknowledgement.buyer_id) == buyer_id
    )
    if not (found := (await session.exec(query.with_for_update())).one_or_none()):
        raise NotFound
    if version < found.version:
        raise ChangedAgain
    if version > found.version:
        raise NotToldYet
    found.acknowledged_at = found.acknowledged_at or now
    return found


async def page(
    session: AsyncSession,
    buyer_id: UUID,
    *,
    unread: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Acknowledgement]:
    """Return what a buyer was asked to acknowledge, newest first."""
    order = (col(Acknowledgement.asked_at), col(Acknowledgement.id))
    query = select(Acknowledgement).where(col(Acknowledgement.buyer_id) == buyer_id)
    if unread:
        query = query.where(col(Acknowledgement.acknowledged_at).is_(None))
    if after:
        query = query.where(tuple_(*order) < after)
    newest_first = query.order_by(*(one.desc() for one in order))
    return (await session.exec(newest_first.limit(limit))).all()


async def unacknowledged(
    session: AsyncSession, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[tuple[Acknowledgement, str]]:
    """Return changes that no buyer's person has acknowledged yet, longest waiting first."""
    order = (col(Acknowledgement.asked_at), col(Acknowledgement.id))
    query = (
        select(Acknowledgement, Buyer.name)
        .join(Buyer, col(Buyer.id) == col(Acknowledgement.buyer_id))
        .where(col(Acknowledgement.acknowledged_at).is_(None))
    )
    if after:
        query = query.where(tuple_(*order) > after)
    return (await session.exec(query.order_by(*order).limit(limit))).all()
