"""Whether something may be opened now, and the record of it that comes first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_common.keyed import keyed_hash
from tocsin_contracts.vault import Question, Refusal
from tocsin_intake.vault import access_log
from tocsin_intake.vault.tokens import Token

_ACTIVE = "select count(*) from officer where id = any($1::uuid[]) and disabled_at is null"
_USED = """
select exists (
    select from opening where token_id = any($1::uuid[]) or second_token_id = any($1::uuid[])
)
"""
_BEGUN = """
select true from opening
where token_id = $1 and complaint_id = $2 and officer_id = $3
    and attachment_id is not distinct from $4
"""
_TODAY = "select count(*) from opening where officer_id = $1 and opened_at >= $2"
_WHOSE = "select integration_id from complaint where id = $1"


class Refused(Exception):
    """The question is not answered."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Asked:
    """A question of cases, and the officers' words for it."""

    question: Question
    token: Token
    second: Token | None
    now: datetime


async def admit(tx: AsyncConnection, asked: Asked, a_day: int) -> None:
    """Return if it may be opened; until the transaction is over, nobody else opens anything.

    Raises:
        Refused: an officer left, a token was used, or the day's openings are.
    """
    connection = await driver(tx)
    await access_log.lock(tx)
    said = [asked.token, asked.second] if asked.second else [asked.token]
    people = {one.officer_id for one in said}
    if await connection.fetchval(_ACTIVE, list(people)) != len(people):
        raise Refused(Refusal.TOKEN_REFUSED)
    if await connection.fetchval(_USED, [one.token_id for one in said]):
        raise Refused(Refusal.ALREADY_ASKED)
    today = asked.now.replace(hour=0, minute=0, second=0, microsecond=0)
    opened_today = await connection.fetchval(_TODAY, asked.token.officer_id, today)
    if opened_today >= a_day and len(people) < 2:
        raise Refused(Refusal.SECOND_PERSON_NEEDED)


async def check_begun(tx: AsyncConnection, asked: Asked) -> None:
    """Return if this officer opened this by this token: what is left of it may follow.

    Raises:
        Refused: that is not on record.
    """
    question = asked.question
    begun = await (await driver(tx)).fetchval(
        _BEGUN,
        asked.token.token_id,
        question.complaint_id,
        question.officer_id,
        question.attachment_id,
    )
    if not begun:
        raise Refused(Refusal.TOKEN_REFUSED)


async def put_on_record(tx: AsyncConnection, hash_key: bytes, asked: Asked) -> None:
    """Add the opening to the access log, before anybody reads anything.

    Raises:
        Refused: there is no such complaint.
    """
    question, second = asked.question, asked.second
    whose = await (await driver(tx)).fetchval(_WHOSE, question.complaint_id)
    if whose is None:
        raise Refused(Refusal.NOT_FOUND)
    await access_log.add(
        tx,
        chain_key(hash_key),
        opened_at=asked.now,
        complaint_id=question.complaint_id,
        integration_id=whose,
        officer_id=asked.token.officer_id,
        second_officer_id=second.officer_id if second else None,
        reason=question.reason,
        token_id=asked.token.token_id,
        second_token_id=second.token_id if second else None,
        attachment_id=question.attachment_id,
    )


def chain_key(hash_key: bytes) -> bytes:
    """The key of the access log; it is not in the database."""
    return keyed_hash(hash_key, "access-log")
