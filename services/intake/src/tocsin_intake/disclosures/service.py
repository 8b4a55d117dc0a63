"""A hotline holds what would be disclosed, holds it for longer, or lets it go (protection D8)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common import outbox
from tocsin_common.problems import Conflict, NotFound
from tocsin_contracts.events.complaints import DisclosureHeld
from tocsin_intake.disclosures.models import Intention
from tocsin_intake.disclosures.schemas import HoldReason

HELD_FOR = timedelta(days=30)


class TooLate(Conflict):
    """Its slot has come: it may have left, and then nothing holds it."""

    code = "too_late"
    detail = "Its slot has come, so buyers may know it. Ask a case officer to end the alert."


async def page(
    session: AsyncSession, integration_id: UUID, *, after: UUID | None, limit: int
) -> list[Intention]:
    """What a hotline was told, oldest first."""
    query = select(Intention).where(col(Intention.integration_id) == integration_id)
    if after:
        query = query.where(col(Intention.id) > after)
    return list((await session.exec(query.order_by(col(Intention.id)).limit(limit))).all())


async def hold(
    session: AsyncSession,
    integration_id: UUID,
    key_id: UUID | None,
    intention_id: UUID,
    reason: HoldReason,
) -> Intention:
    """Hold for 30 days. What is held already is renewed once two people, by two keys, ask for it.

    Raises:
        NotFound: this hotline was never told of it.
        TooLate: its slot has come, and nobody held it before.
    """
    intention = await _own(session, integration_id, intention_id)
    now = datetime.now(UTC)
    if intention.slot <= now and not intention.holds:
        raise TooLate
    today = now.date()
    renewing = intention.held_until is not None and intention.held_until >= today
    if renewing and intention.renewal_by in (None, key_id):
        intention.renewal_by = key_id
        return intention
    intention.held_until, intention.reason = today + HELD_FOR, reason
    await _tell(session, intention, reason)
    return intention


async def release(
    session: AsyncSession, integration_id: UUID, intention_id: UUID, reason: HoldReason
) -> Intention:
    """Let go what is held. Again changes nothing.

    Raises:
        NotFound: this hotline was never told of it.
    """
    intention = await _own(session, integration_id, intention_id)
    if intention.held_until is not None:
        intention.held_until = intention.reason = None
        await _tell(session, intention, reason)
    return intention


async def _own(session: AsyncSession, integration_id: UUID, intention_id: UUID) -> Intention:
    intention = await session.get(Intention, intention_id, with_for_update=True)
    if intention is None or intention.integration_id != integration_id:
        raise NotFound
    return intention


async def _tell(session: AsyncSession, intention: Intention, reason: HoldReason) -> None:
    intention.holds += 1
    intention.renewal_by = None
    session.add(intention)
    await session.flush()
    held = DisclosureHeld(
        version=intention.holds,
        occurred_at=datetime.now(UTC),
        intention_id=intention.id,
        integration_id=intention.integration_id,
        reason=reason,
        held_until=intention.held_until,
    )
    await outbox.record(session, [held])
