"""What an erasure is certified by: a statement, signed, that names the day backups expire."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel

from tocsin_contracts.events.base import PLAIN

STREAM_DAYS = 35  # how long a stream keeps an event, whose sealed part only cases could open


class Reason(StrEnum):
    """Why something was erased."""

    ASKED_BY_WORKER = "asked_by_worker"
    ASKED_BY_HOTLINE = "asked_by_hotline"
    RETENTION = "retention"
    REPLAYED = "replayed"
    """It had been erased before, and a backup brought it back."""


class Certificate(BaseModel):
    """What is certified. It says nothing of what was erased."""

    model_config = PLAIN

    DESTROYED: ClassVar[tuple[str, ...]] = (
        "data key", "words", "contact", "messages", "receipt", "codes", "attachments",
    )  # fmt: skip

    complaint_id: UUID
    erased_on: date
    reason: Reason
    destroyed: tuple[str, ...] = DESTROYED
    backups_expire_on: date
    """From this day on no backup holds it either."""
    streams_expire_on: date
    """From this day on the sealed event that brought it is gone, too."""


def certify(complaint_id: UUID, reason: Reason, now: datetime, backup_days: int) -> Certificate:
    """Write the statement of an erasure that is being done now."""
    today = now.date()
    return Certificate(
        complaint_id=complaint_id,
        erased_on=today,
        reason=reason,
        backups_expire_on=today + timedelta(days=backup_days + 1),
        streams_expire_on=today + timedelta(days=STREAM_DAYS + 1),
    )
