"""What operators send about erasures, and what they are shown."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from tocsin_intake.erasure.certificates import Reason
from tocsin_intake.schemas import Submitted


class ErasureWanted(Submitted):
    """A complaint that is to be erased, on somebody's wish."""

    complaint_id: UUID
    reason: Literal[Reason.ASKED_BY_WORKER, Reason.ASKED_BY_HOTLINE]


class Certified(BaseModel):
    """The certificate of an erasure."""

    certificate: str = Field(description="A JSON object, byte for byte as it was signed.")
    signature: str = Field(description="Ed25519 over its UTF-8 bytes, in base64.")
    public_key: str = Field(description="Verifies it; in base64.")


class ErasureShown(BaseModel):
    """An erasure that was done."""

    complaint_id: UUID
    erased_at: datetime
    reason: Reason
    scrubbed: bool = Field(description="The database's files were rewritten without it.")


class ErasurePage(BaseModel):
    """Some erasures, in the order of their ids; `next_cursor` is the `after` of the next page."""

    data: list[ErasureShown]
    next_cursor: UUID | None


class Replay(Submitted):
    """Complaints that must stay erased, as a ledger kept elsewhere says."""

    complaint_ids: list[UUID] = Field(min_length=1, max_length=1000)


class Replayed(BaseModel):
    """How many of them a backup had brought back."""

    erased_again: int


class Scrubbed(BaseModel):
    """Whether files were rewritten: not if nothing was erased since the last time."""

    rewritten: bool
    log_replaced: bool = Field(
        default=False,
        description=(
            "PostgreSQL's log (WAL) was replaced, too. Otherwise it keeps bytes until its segments "
            "are: set `wal_recycle=off` and grant `pg_checkpoint` to intake's role."
        ),
    )
