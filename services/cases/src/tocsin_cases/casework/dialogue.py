"""What an officer does with one complaint: takes it, acknowledges it, replies, says how it is."""

from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_cases.casework import closing
from tocsin_cases.casework.models import Complaint
from tocsin_cases.casework.opening import NotYours
from tocsin_cases.officers import audit
from tocsin_cases.officers.audit import Move
from tocsin_cases.officers.models import Officer
from tocsin_common import outbox
from tocsin_common.conditions import etag, require_match
from tocsin_common.keyed import keyed_hash
from tocsin_common.problems import Conflict, Invalid, NotFound
from tocsin_common.sealing import seal_to
from tocsin_contracts.events.cases import (
    ComplaintAcknowledged,
    ComplaintStatus,
    ComplaintStatusChanged,
    ReplyWritten,
)
from tocsin_contracts.ids import new_amber_id


class UnknownOfficer(Invalid):
    """Nobody can be given a complaint who is not there."""

    code = "unknown_officer"
    detail = "There is no such officer, or the officer has left."


class NobodyReads(Conflict):
    """The complaint was taken back, or came without a key to seal to."""

    code = "nobody_reads"
    detail = "This complaint was taken back, or takes no replies."


async def new_complaints(session: AsyncSession, *, after: UUID, limit: int) -> list[Complaint]:
    """Complaints that nobody has acknowledged, oldest first."""
    query = (
        select(Complaint)
        .where(col(Complaint.acknowledged_at).is_(None), col(Complaint.id) > after)
        .order_by(col(Complaint.id))
        .limit(limit)
    )
    return list((await session.exec(query)).all())


async def assign(
    session: AsyncSession,
    complaint_id: UUID,
    officer_id: UUID,
    by: UUID,
    if_match: str | None,
) -> Complaint:
    """Give a complaint to an officer, or take it oneself.

    Raises:
        NotFound: there is no such complaint.
        UnknownOfficer: nobody to give it to.
        ChangedSince: somebody else changed it.
    """
    complaint = await _edited(session, complaint_id, if_match)
    officer = await session.get(Officer, officer_id)
    if officer is None or officer.disabled_at is not None:
        raise UnknownOfficer
    complaint.officer_id, complaint.assigned_at = officer_id, datetime.now(UTC)
    await _note(session, Move.COMPLAINT_ASSIGNED, by, complaint, officer_id)
    return complaint


async def acknowledge(session: AsyncSession, complaint_id: UUID, officer_id: UUID) -> Complaint:
    """Take note of a complaint, so that its receipt says so. Again changes nothing.

    Raises:
        NotFound: there is no such complaint.
    """
    complaint = await _locked(session, complaint_id)
    if complaint.acknowledged_at is None:
        now = datetime.now(UTC)
        complaint.acknowledged_at = now
        complaint.version += 1
        told = ComplaintAcknowledged(occurred_at=now, complaint_id=complaint_id)
        await outbox.record(session, [told])
        await _note(session, Move.COMPLAINT_ACKNOWLEDGED, officer_id, complaint)
    return complaint


async def reply(
    session: AsyncSession,
    hash_key: bytes,
    complaint_id: UUID,
    officer_id: UUID,
    words: str,
    reference: str | None,
) -> UUID:
    """Answer a worker: sealed to the complaint's own key, stored nowhere here.

    Raises:
        NotFound: there is no such complaint.
        NotYours: it is somebody else's.
        NobodyReads: it takes no replies.
    """
    complaint = await _locked(session, complaint_id)
    if complaint.officer_id != officer_id:
        raise NotYours
    if complaint.public_key is None or complaint.withdrawn_at is not None:
        raise NobodyReads
    reply_id = new_amber_id()
    if reference is not None:
        named = keyed_hash(hash_key, "reply", complaint_id.bytes, reference)
        reply_id = UUID(bytes=named[:16], version=4)
    told = ReplyWritten(
        occurred_at=datetime.now(UTC),
        reply_id=reply_id,
        complaint_id=complaint_id,
        sealed=seal_to(complaint.public_key, words.encode()),
    )
    await outbox.record(session, [told])
    await _note(session, Move.REPLY_WRITTEN, officer_id, complaint, reply_id)
    return reply_id


async def set_status(
    session: AsyncSession,
    complaint_id: UUID,
    status: ComplaintStatus,
    officer_id: UUID,
    if_match: str | None,
) -> Complaint:
    """Say how a complaint stands, in the words its worker is shown.

    When it is closed, what stood for its source in its cases is deleted (protection V4); that it
    was one of so many stays, so that buyers see nothing of it.

    Raises:
        NotFound: there is no such complaint.
        ChangedSince: somebody else changed it.
    """
    complaint = await _edited(session, complaint_id, if_match)
    if complaint.status == status:
        return complaint
    complaint.status = status
    complaint.status_version += 1
    told = ComplaintStatusChanged(
        version=complaint.status_version,
        occurred_at=datetime.now(UTC),
        complaint_id=complaint_id,
        status=status,
    )
    await outbox.record(session, [told])
    if status is ComplaintStatus.CLOSED:
        await closing.forget_source(await session.connection(), complaint_id)
    await _note(session, Move.COMPLAINT_STATUS_SET, officer_id, complaint)
    return complaint


async def _edited(session: AsyncSession, complaint_id: UUID, if_match: str | None) -> Complaint:
    complaint = await _locked(session, complaint_id)
    require_match(if_match, etag(complaint.version))
    complaint.version += 1
    return complaint


async def _locked(session: AsyncSession, complaint_id: UUID) -> Complaint:
    complaint = await session.get(Complaint, complaint_id, with_for_update=True)
    if complaint is None:
        raise NotFound
    return complaint


async def _note(
    session: AsyncSession,
    move: Move,
    officer_id: UUID,
    complaint: Complaint,
    object_id: UUID | None = None,
) -> None:
    session.add(complaint)
    await session.flush()
    await audit.note(
        session, move, officer_id=officer_id, subject_id=complaint.id, object_id=object_id
    )
