"""The one question between services: cases asks intake for a complaint's words (protection V2).

Amber: only intake and cases may know it. The contact is never part of an answer. A photo or a
recording is asked for in the same way, part by part: the first part is an opening of its own, and
further ones are answered for the same token, officer and file. So are further messages, where not
all fit in one answer.
"""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from tocsin_contracts.events.base import PLAIN

PART = 360_000  # bytes of a file in one answer, which may be 1 MB and is in base64 twice
MOST_EVIDENCE = 30_000_000  # bytes; nothing larger is taken
MOST_WORDS = 480_000  # bytes of words and messages in one answer, by the same reckoning
MOST_MESSAGES = 1000  # of one complaint, officers' replies among them


class Reason(StrEnum):
    """Why an officer opens a worker's words; kept with every opening."""

    TRIAGE = "triage"
    ASSESSMENT = "assessment"
    INVESTIGATION = "investigation"
    REPLY = "reply"
    SAFETY = "safety"
    VERIFICATION = "verification"


class Question(BaseModel):
    """What cases asks, on behalf of an officer it has assigned to the complaint."""

    model_config = PLAIN

    question_id: UUID
    asked_at: AwareDatetime
    complaint_id: UUID
    officer_id: UUID
    assigned_at: AwareDatetime
    """Since when the complaint is this officer's."""
    reason: Reason
    token: str = Field(max_length=500)
    """The officer's own, from intake: cases cannot make one."""
    second_token: str | None = Field(default=None, max_length=500)
    """A second officer's, beyond the day's openings."""
    attachment_id: UUID | None = None
    """A photo or recording of the complaint; without one, its words."""
    part: int = Field(default=0, ge=0, le=MOST_EVIDENCE // PART)
    """Which part of it."""
    messages_from: int = Field(default=0, ge=0, le=MOST_MESSAGES)
    """How many messages came in answers before; from 1 on no words, only what is left."""
    public_key: bytes = Field(min_length=32, max_length=32)
    """X25519, made for this question alone: the answer is sealed to it."""

    @property
    def goes_on(self) -> bool:
        """Whether it asks for more of what was opened before."""
        return self.part > 0 or self.messages_from > 0


class Asked(BaseModel):
    """A question as it travels: signed by cases, byte for byte."""

    model_config = PLAIN

    statement: str = Field(max_length=8_000)
    """A `Question` as JSON."""
    signature: bytes = Field(max_length=64)
    """Ed25519 (RFC 8032) over the UTF-8 bytes of `statement`."""
    key_id: str = Field(max_length=64)


class Refusal(StrEnum):
    """Why a question is not answered."""

    NOT_ASKED_BY_CASES = "not_asked_by_cases"
    TOO_OLD = "too_old"
    TOKEN_REFUSED = "token_refused"  # noqa: S105
    ALREADY_ASKED = "already_asked"
    NOT_ASSIGNED = "not_assigned"
    SECOND_PERSON_NEEDED = "second_person_needed"
    NOT_FOUND = "not_found"
    NOT_NOW = "not_now"


class Answered(BaseModel):
    """What intake says: one of the two."""

    model_config = PLAIN

    sealed: bytes | None = None
    """`Opened` or `OpenedPart` as JSON, in a box that only the question's own key opens."""
    refused: Refusal | None = None


class OpenedMessage(BaseModel):
    """Words that followed the complaint, or an officer's reply."""

    model_config = PLAIN

    message_id: UUID
    author: str = Field(max_length=32)
    written_at: AwareDatetime
    words: str


MediaType = Annotated[str, Field(pattern=r"^(image|audio)/[a-z0-9]{1,20}$")]


class OpenedAttachment(BaseModel):
    """What an officer may ask for: its kind and size, and nothing its sender called it."""

    model_config = PLAIN

    attachment_id: UUID
    media_type: MediaType
    size: int
    """In bytes, as it is kept."""


class Opened(BaseModel):
    """A complaint's words, for one officer's eyes; stored nowhere outside the vault."""

    model_config = PLAIN

    words: str
    messages: tuple[OpenedMessage, ...] = ()
    attachments: tuple[OpenedAttachment, ...] = ()
    waiting: int = 0
    """How many files are still to be fetched."""
    missing: int = 0
    """How many could not be fetched, or not be kept."""
    left: int = 0
    """How many messages did not fit; they are asked for by `messages_from`."""


class OpenedPart(BaseModel):
    """A part of a photo or recording that was made anew; stored nowhere outside the vault."""

    model_config = PLAIN

    media_type: MediaType
    size: int = Field(ge=0)
    """Of the whole of it, in bytes."""
    content: bytes
