"""The record of every move, written in the transaction of the move."""

from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_cases.officers.models import Audit
from tocsin_contracts.ids import new_amber_id


class Move(StrEnum):
    """What people do."""

    ALERT_ENDED = "alert_ended"
    ATTACHMENT_OPENED = "attachment_opened"
    COMPLAINT_ACKNOWLEDGED = "complaint_acknowledged"
    COMPLAINT_ASSIGNED = "complaint_assigned"
    COMPLAINT_MATCHED = "complaint_matched"
    OFFICER_CREATED = "officer_created"
    OFFICER_DISABLED = "officer_disabled"
    COMPLAINT_STATUS_SET = "complaint_status_set"
    PROPOSAL_REJECTED = "proposal_rejected"
    REPLY_WRITTEN = "reply_written"
    SUPPLIERS_IMPORTED = "suppliers_imported"
    WORDS_OPENED = "words_opened"


async def note(
    session: AsyncSession,
    move: Move,
    *,
    officer_id: UUID | None = None,
    subject_id: UUID | None = None,
    object_id: UUID | None = None,
) -> None:
    """Keep a move; without an officer it is the operator's."""
    await (await session.connection()).execute(
        insert(Audit).values(
            id=new_amber_id(),
            moved_at=datetime.now(UTC),
            officer_id=officer_id,
            move=move,
            subject_id=subject_id,
            object_id=object_id,
        )
    )
