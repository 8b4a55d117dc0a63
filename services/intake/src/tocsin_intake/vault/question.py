"""The vault question: an officer asks, through cases, for a complaint's words (protection V2)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from pydantic import ValidationError
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import Database, driver
from tocsin_common.errors import place_of
from tocsin_common.sealing import seal_to
from tocsin_common.signatures import ForgedStatement, Verifier
from tocsin_common.telemetry import counter
from tocsin_contracts.vault import (
    MOST_WORDS,
    Answered,
    Asked,
    Opened,
    OpenedMessage,
    OpenedPart,
    Question,
    Refusal,
)
from tocsin_intake.attachments.service import Attachments
from tocsin_intake.dialogue import messages
from tocsin_intake.vault import evidence, openings, tokens
from tocsin_intake.vault.openings import Refused
from tocsin_intake.vault.sealing import Vault
from tocsin_intake.vault.tokens import NoToken, Purpose, Token

log = logging.getLogger("tocsin.vault")
questions = counter("vault_questions_total", "Vault questions, by outcome", ["outcome"])

_WORDS = """
select k.wrapped, v.words from complaint c
join data_key k on k.complaint_id = c.id join vault_entry v on v.complaint_id = c.id
where c.id = $1
"""
FRESH = timedelta(seconds=30)  # how old a question may be
GOES_ON = timedelta(hours=1)
"""How long what was opened in time may go on: the largest file on a line of 70 kbit/s."""
OPENINGS_A_DAY = 30  # then a second person must agree to each


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

    def __init__(
        self, database: Database, terms: Terms, attachments: Attachments | None = None
    ) -> None:
        self._database = database
        self._terms = terms
        self._attachments = attachments

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
        opened = await self._opened(question, token, second, now)
        sealed = seal_to(question.public_key, opened.model_dump_json().encode())
        return Answered(sealed=sealed)

    async def _opened(
        self, question: Question, token: Token, second: Token | None, now: datetime
    ) -> Opened | OpenedPart:
        asked = openings.Asked(question, token, second, now)
        async with self._database.begin() as tx:
            if question.goes_on:
                await openings.check_begun(tx, asked)
            else:
                await openings.admit(tx, asked, self._terms.a_day)
            if question.attachment_id is None:
                return await self._words(tx, asked)
            if not question.goes_on:
                if not await evidence.is_there(tx, question):
                    raise Refused(Refusal.NOT_FOUND)
                await openings.put_on_record(tx, self._terms.hash_key, asked)
        return await evidence.part_of(self._attachments, question)

    async def _words(self, tx: AsyncConnection, asked: openings.Asked) -> Opened:
        complaint_id, after = asked.question.complaint_id, asked.question.messages_from
        row = await (await driver(tx)).fetchrow(_WORDS, complaint_id)
        if row is None:
            raise Refused(Refusal.NOT_FOUND)
        compartment = self._terms.vault.compartment(complaint_id, row["wrapped"])
        there = await messages.all_of(tx, complaint_id, compartment, after=after)
        if after:
            fitting = what_fits(there, MOST_WORDS)
            return Opened(words="", messages=fitting, left=len(there) - len(fitting))
        await openings.put_on_record(tx, self._terms.hash_key, asked)
        words = compartment.account(row["words"]).words
        fitting = what_fits(there, MOST_WORDS - len(to_json(words)))
        attachments, waiting, missing = await evidence.listed(tx, asked.question)
        return Opened(
            words=words,
            messages=fitting,
            attachments=attachments,
            waiting=waiting,
            missing=missing,
            left=len(there) - len(fitting),
        )


def what_fits(there: Sequence[OpenedMessage], room: int) -> tuple[OpenedMessage, ...]:
    """The first messages that fit into an answer; never none, so that it goes on."""
    sizes = accumulate(len(one.model_dump_json().encode()) for one in there)
    fitting = [one for one, size in zip(there, sizes, strict=True) if size <= room]
    return tuple(fitting or there[:1])


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
        valid = GOES_ON if question.goes_on else tokens.VALID
        token = tokens.read(terms.hash_key, written, now, valid)
    except NoToken:
        raise Refused(Refusal.TOKEN_REFUSED) from None
    made_for = token.purpose, token.complaint_id, token.reason
    if made_for != (purpose, question.complaint_id, question.reason):
        raise Refused(Refusal.TOKEN_REFUSED)
    return token
