"""Photos and recordings for an officer's eyes, part by part, on the same terms as words (V2)."""

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import Database, driver
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
_BEGUN = """
select true from opening
where token_id = $1 and complaint_id = $2 and officer_id = $3 and attachment_id = $4
"""


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


async def check_begun(database: Database, question: Question, token_id: object) -> None:
    """Return if this officer opened this attachment by this token: further parts may follow.

    Raises:
        Refused: that is not on record.
    """
    async with database.begin() as tx:
        begun = await (await driver(tx)).fetchval(
            _BEGUN,
            token_id,
            question.complaint_id,
            question.officer_id,
            question.attachment_id,
        )
    if not begun:
        raise Refused(Refusal.TOKEN_REFUSED)


async def part_of(attachments: Attachments | None, question: Question) -> OpenedPart:
    """Open one part, no larger than an answer may be.

    Raises:
        Refused: there is no such attachment, or no such part.
    """
    if attachments is None or question.attachment_id is None:
        raise Refused(Refusal.NOT_FOUND)
    try:
        media_type, content = await attachments.open(question.complaint_id, question.attachment_id)
    except NotFound:
        raise Refused(Refusal.NOT_FOUND) from None
    begin = question.part * PART
    if begin >= len(content):
        raise Refused(Refusal.NOT_FOUND)
    return OpenedPart(
        media_type=media_type, size=len(content), content=content[begin : begin + PART]
    )
