"""The vault question: an officer asks, through cases, for a complaint's words (protection V2)."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import Database, driver
from tocsin_common.errors import place_of
from tocsin_common.keyed import keyed_hash
from tocsin_common.sealing import seal_to
from tocsin_common.signatures import ForgedStatement, Verifier
from tocsin_common.telemetry import counter
from tocsin_contracts.vault import Answered, Asked, Opened, Question, Refusal
from tocsin_intake.dialogue import messages
from tocsin_intake.vault import access_log, tokens
from tocsin_intake.vault.sealing import Vault
from tocsin_intake.vault.tokens import NoToken, Purpose, Token

log = logging.getLogger("tocsin.vault")
questions = counter("vault_questions_total", "Vault questions, by outcome", ["outcome"])

FRESH = timedelta(seconds=30)  # how old a question may be
OPENINGS_A_DAY = 30  # then a second person must agree to each

_ACTIVE = "select count(*) from officer where id = any($1::uuid[]) and disabled_at is null"
_USED = """
select exists (
    select from opening where token_id = any($1::uuid[]) or second_token_id = any($1::uuid[])
)
"""
_TODAY = "select count(*) from opening where officer_id = $1 and opened_at >= $2"
_WORDS = """
select c.integration_id, k.wrapped, v.words from complaint c
join data_key k on k.complaint_id = c.id join vault_entry v on v.complaint_id = c.id
where c.id = $1
"""


class Refused(Exception):
    """The question is not answered."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Terms:
    """On what the vault opens."""

    vault: Vault
    cases: Verifier
    """The keys that sign cases' questions."""
    hash_key: bytes
    a_day: int = OPENINGS_A_DAY


class Answering:
    """Answers cases' questions: each opening is on record before anybody reads a word."""

    def __init__(self, database: Database, terms: Terms) -> None:
        self._database = database
        self._terms = terms

    async def answer(self, asked: bytes) -> bytes:
        """Answer one question; what goes wrong is an answer, too."""
        try:
            answered = await self._open(asked, datetime.now(UTC))
        except Refused as refused:
            answered = Answered(refused=refused.why)
        except Exception as error:
            log.warning("a vault question failed: %s", place_of(error))
            answered = Answered(refused=Refusal.NOT_NOW)
        questions.labels(answered.refused or "answered").inc()
        return answered.model_dump_json().encode()

    async def _open(self, asked: bytes, now: datetime) -> Answered:
        question = asked_by_cases(self._terms, asked, now)
        token = officers_word(self._terms, question, question.token, Purpose.OPEN, now)
        if token.officer_id != question.officer_id:
            raise Refused(Refusal.TOKEN_REFUSED)
        second = None
        if question.second_token is not None:
            second = officers_word(
                self._terms, question, question.second_token, Purpose.SECOND, now
            )
        async with self._database.begin() as tx:
            opened = await open_words(tx, self._terms, question, token, second, now)
        sealed = seal_to(question.public_key, opened.model_dump_json().encode())
        return Answered(sealed=sealed)


def asked_by_cases(terms: Terms, asked: bytes, now: datetime) -> Question:
    """Read a question.

    Raises:
        Refused: cases did not ask it, or not now.
    """
    try:
        signed = Asked.model_validate_json(asked)
        terms.cases.verify(signed.statement, signed.signature, signed.key_id)
        question = Question.model_validate_json(signed.statement)
    except (ForgedStatement, ValidationError):
        raise Refused(Refusal.NOT_ASKED_BY_CASES) from None
    if abs(now - question.asked_at) > FRESH:
        raise Refused(Refusal.TOO_OLD)
    if question.assigned_at > question.asked_at:
        raise Refused(Refusal.NOT_ASSIGNED)
    return question


def officers_word(
    terms: Terms, question: Question, written: str, purpose: Purpose, now: datetime
) -> Token:
    """Read an officer's token, made for exactly this.

    Raises:
        Refused: it was made for something else, by somebody else, or too long ago.
    """
    try:
        token = tokens.read(terms.hash_key, written, now)
    except NoToken:
        raise Refused(Refusal.TOKEN_REFUSED) from None
    made_for = token.purpose, token.complaint_id, token.reason
    if made_for != (purpose, question.complaint_id, question.reason):
        raise Refused(Refusal.TOKEN_REFUSED)
    return token


async def open_words(
    tx: AsyncConnection,
    terms: Terms,
    question: Question,
    token: Token,
    second: Token | None,
    now: datetime,
) -> Opened:
    """Put the opening on record, and open.

    Raises:
        Refused: an officer left, a token was used, the day's openings are, or nothing is there.
    """
    connection = await driver(tx)
    await access_log.lock(tx)
    said = [token, second] if second else [token]
    people = {one.officer_id for one in said}
    if await connection.fetchval(_ACTIVE, list(people)) != len(people):
        raise Refused(Refusal.TOKEN_REFUSED)
    if await connection.fetchval(_USED, [one.token_id for one in said]):
        raise Refused(Refusal.ALREADY_ASKED)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    opened_today = await connection.fetchval(_TODAY, token.officer_id, today)
    if opened_today >= terms.a_day and len(people) < 2:
        raise Refused(Refusal.SECOND_PERSON_NEEDED)
    row = await connection.fetchrow(_WORDS, question.complaint_id)
    if row is None:
        raise Refused(Refusal.NOT_FOUND)
    compartment = terms.vault.compartment(question.complaint_id, row["wrapped"])
    await access_log.add(
        tx,
        chain_key(terms.hash_key),
        opened_at=now,
        complaint_id=question.complaint_id,
        integration_id=row["integration_id"],
        officer_id=token.officer_id,
        second_officer_id=second.officer_id if second else None,
        reason=question.reason,
        token_id=token.token_id,
        second_token_id=second.token_id if second else None,
    )
    return Opened(
        words=compartment.account(row["words"]).words,
        messages=await messages.all_of(tx, question.complaint_id, compartment),
    )


def chain_key(hash_key: bytes) -> bytes:
    """The key of the access log; it is not in the database."""
    return keyed_hash(hash_key, "access-log")
