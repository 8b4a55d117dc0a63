"""Messages of one complaint: stored sealed, opened together."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, select

from tocsin_contracts.vault import OpenedMessage
from tocsin_intake.dialogue.models import Message
from tocsin_intake.vault import Compartment

MOST = 200  # messages of one complaint
OFFICER = "officer"


async def all_of(
    tx: AsyncConnection, complaint_id: UUID, compartment: Compartment, *, after: int = 0
) -> tuple[OpenedMessage, ...]:
    """Open the messages of a complaint, oldest first; `after` so many.

    Raises:
        Unreadable: one was changed.
    """
    query = (
        select(Message)
        .where(col(Message.complaint_id) == complaint_id)
        .order_by(col(Message.written_at), col(Message.id))
        .offset(after)
        .limit(2 * MOST)
    )
    return tuple(
        OpenedMessage(
            message_id=row["id"],
            author=row["author"],
            written_at=row["written_at"],
            words=_opened(compartment, row["id"], row["author"], row["sealed"]),
        )
        for row in (await tx.execute(query)).mappings()
    )


def _opened(compartment: Compartment, message_id: UUID, author: str, sealed: bytes) -> str:
    if author == OFFICER:
        return compartment.reply(sealed)
    return compartment.open(b"message" + message_id.bytes, sealed)
