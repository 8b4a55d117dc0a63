"""An officer opens a worker's words: cases asks intake, shows the answer, and stores nothing."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError

from tocsin_cases.casework.models import Complaint
from tocsin_cases.officers import audit
from tocsin_cases.officers.audit import Move
from tocsin_common.database import Database
from tocsin_common.messaging import Bus
from tocsin_common.problems import Conflict, NotFound, Problem, Unavailable
from tocsin_common.sealing import Unreadable, new_key, public_key_of, unseal_with
from tocsin_common.signatures import Signer
from tocsin_contracts.streams import VAULT_QUESTION
from tocsin_contracts.vault import (
    MOST_MESSAGES,
    Answered,
    Asked,
    Opened,
    Question,
    Reason,
    Refusal,
)


class NotYours(Problem):
    """Only whoever a complaint is assigned to opens and answers it."""

    status = HTTPStatus.FORBIDDEN
    code = "not_assigned"
    detail = "This complaint is not assigned to you. Take it first."


class TokenRefused(Problem):
    """Intake did not take the officer's word."""

    status = HTTPStatus.FORBIDDEN
    code = "token_refused"
    detail = (
        "Intake does not take this token. Get one from intake with your own key, for this "
        "complaint and this reason; it is good once, for five minutes."
    )


class SecondPersonNeeded(Problem):
    """The day's openings are used up."""

    status = HTTPStatus.FORBIDDEN
    code = "second_person_needed"
    detail = "You have opened many today: from here on a second officer's token is needed as well."


class TokenUsed(Conflict):
    """A token opens once."""

    code = "token_used"
    detail = "This token was used before. Get a new one from intake."


@dataclass(frozen=True)
class Asking:
    """What it takes to ask: the bus, and the key under which cases signs."""

    bus: Bus
    signer: Signer


@dataclass(frozen=True)
class Wish:
    """Who wants to open what, why, and by whose word."""

    complaint_id: UUID
    officer_id: UUID
    reason: Reason
    token: str = field(repr=False)
    second_token: str | None = field(repr=False)


async def open_words(database: Database, asking: Asking, wish: Wish) -> Opened:
    """Ask intake for a complaint's words, by an officer's own token (protection V2).

    Raises:
        NotFound: there is no such complaint.
        NotYours: it is somebody else's.
        Problem: intake refused, and why.
        Unavailable: intake does not answer now.
    """
    assigned_at = await begin(database, wish, Move.WORDS_OPENED)
    opened = Opened.model_validate_json(await ask(asking, wish, assigned_at))
    messages, left = list(opened.messages), opened.left
    while left and len(messages) < MOST_MESSAGES:
        more = await ask(asking, wish, assigned_at, messages_from=len(messages))
        further = Opened.model_validate_json(more)
        if not further.messages:
            raise Unavailable
        messages, left = [*messages, *further.messages], further.left
    return opened.model_copy(update={"messages": tuple(messages), "left": left})


async def begin(
    database: Database, wish: Wish, move: Move, object_id: UUID | None = None
) -> datetime:
    """Say since when a complaint is an officer's; the wish to open it is on record here, too.

    Raises:
        NotFound: there is no such complaint.
        NotYours: it is somebody else's.
    """
    async with database.session() as session:
        complaint = await session.get(Complaint, wish.complaint_id)
        if complaint is None:
            raise NotFound
        if complaint.officer_id != wish.officer_id or complaint.assigned_at is None:
            raise NotYours
        await audit.note(
            session,
            move,
            officer_id=wish.officer_id,
            subject_id=wish.complaint_id,
            object_id=object_id,
        )
        return complaint.assigned_at


async def ask(asking: Asking, wish: Wish, assigned_at: datetime, **named: Any) -> bytes:
    """Ask intake once; return what it answered, opened by a key made for this question.

    Raises:
        Problem: intake refused, and why.
        Unavailable: intake does not answer now.
    """
    own = new_key()
    statement = Question(
        question_id=uuid4(),
        asked_at=datetime.now(UTC),
        complaint_id=wish.complaint_id,
        officer_id=wish.officer_id,
        assigned_at=assigned_at,
        reason=wish.reason,
        token=wish.token,
        second_token=wish.second_token,
        public_key=public_key_of(own),
        **named,
    ).model_dump_json()
    asked = Asked(
        statement=statement,
        signature=asking.signer.sign(statement),
        key_id=asking.signer.key_id,
    )
    try:
        said = await asking.bus.ask(VAULT_QUESTION, asked.model_dump_json().encode())
        answered = Answered.model_validate_json(said)
        if answered.sealed is not None:
            return unseal_with(own, answered.sealed)
    except (ValidationError, Unreadable):
        raise Unavailable from None
    raise _problem(answered.refused)


def _problem(refused: Refusal | None) -> Problem:
    match refused:
        case Refusal.TOKEN_REFUSED:
            return TokenRefused()
        case Refusal.ALREADY_ASKED:
            return TokenUsed()
        case Refusal.SECOND_PERSON_NEEDED:
            return SecondPersonNeeded()
        case Refusal.NOT_ASSIGNED:
            return NotYours()
        case Refusal.NOT_FOUND:
            return NotFound()
        case _:
            return Unavailable()
