"""What an officer sends about one complaint, and what comes back."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from tocsin_common.text import Line, Words
from tocsin_contracts.events.cases import ComplaintStatus
from tocsin_contracts.vault import Reason


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Assignment(_Sent):
    """Whose a complaint is."""

    officer_id: UUID | None = Field(default=None, description="None: oneself.")


class WordsWanted(_Sent):
    """The wish to open a complaint's words, and the officer's own word for it."""

    reason: Reason
    token: str = Field(
        max_length=500,
        description="From intake (`POST /v1/vault/tokens`), with the officer's key there.",
        examples=["tvt_…"],
    )
    second_token: str | None = Field(
        default=None, max_length=500, description="A second officer's, beyond the day's 30."
    )


class MessageOpened(BaseModel):
    """Words that followed the complaint, or an officer's reply."""

    message_id: UUID
    author: str
    written_at: datetime
    words: str


class AttachmentListed(BaseModel):
    """A photo or recording that may be opened."""

    attachment_id: UUID
    media_type: str = Field(examples=["image/jpeg"])
    size: int = Field(description="In bytes, as it is kept.")


class WordsOpened(BaseModel):
    """A complaint's words, for this answer only; they are stored nowhere here."""

    words: str
    messages: list[MessageOpened]
    attachments: list[AttachmentListed]
    waiting: int = Field(description="Files that are still to be fetched.")
    missing: int = Field(description="Files that could not be fetched, or not be kept.")


class ReplySent(_Sent):
    """An answer to the worker."""

    words: Words = Field(examples=["Thank you. We are looking into it. Are you safe?"])
    reference: Line | None = Field(
        default=None, description="The same reference is the same reply: safe to send again."
    )


class ReplyStored(BaseModel):
    """The reply is on its way; nobody can read it here any more."""

    reply_id: UUID


class StatusWanted(_Sent):
    """How a complaint stands, in the words its worker is shown."""

    status: Literal[ComplaintStatus.IN_REVIEW, ComplaintStatus.CLOSED]
