"""Photos and recordings for an officer's eyes, part by part, on the same terms as words (V2)."""

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_common.problems import NotFound
from tocsin_contracts.vault import PART, OpenedAttachment, OpenedPart, Question, Refusal
from tocsin_intake.attachments.service import Attachments
from tocsin_intake.vault.openings import Refused

_KEPT = """
select id, media_type, size from attachment where complaint_id = $1 and stored
order by created_at, id limit 100
"""
_NOT_KEPT = """
select count(*) filter (where state = 'waiting') as waiting,
    count(*) filter (where state <> 'waiting') as missing
from sent_along where complaint_id = $1
"""
_HAS = "select true from attachment where id = $1 and complaint_id = $2 and stored"


async def listed(
    tx: AsyncConnection, question: Question
) -> tuple[tuple[OpenedAttachment, ...], int, int]:
    """What a complaint has, by kind and size; how much is still to come, and how much will not."""
    connection = await driver(tx)
    rows = await connection.fetch(_KEPT, question.complaint_id)
    others = await connection.fetchrow(_NOT_KEPT, question.complaint_id)
    kept = tuple(
        OpenedAttachment(attachment_id=row["id"], media_type=row["media_type"], size=row["size"])
        for row in rows
    )
    return kept, others["waiting"] if others else 0, others["missing"] if others else 0


async def is_there(tx: AsyncConnection, question: Question) -> bool:
    """Whether the complaint has this attachment."""
    connection = await driver(tx)
    there = await connection.fetchval(_HAS, question.attachment_id, question.complaint_id)
    return bool(there)


async def part_of(attachments: Attachments | None, question: Question) -> OpenedPart:
    """Open one part, no larger than an answer may be.

    Raises:
        Refused: there is no such attachment, or no such part.
    """
    if attachments is None or question.attachment_id is None:
        raise Refused(Refusal.NOT_FOUND)
    try:
        part = await attachments.open_part(
            question.complaint_id, question.attachment_id, question.part * PART, PART
        )
    except NotFound:
        raise Refused(Refusal.NOT_FOUND) from None
    return OpenedPart(media_type=part.media_type, size=part.size, content=part.content)
