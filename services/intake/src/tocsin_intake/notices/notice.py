"""A notice: what is sent to whom, how a system is asked to send it, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from yarl import URL

from tocsin_intake import pauses
from tocsin_intake.adapters.payloads import text_at
from tocsin_intake.adapters.reading import Malformed, read_json
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.notices.outcomes import Reason
from tocsin_intake.outbound import Answer, Origin, Reach
from tocsin_intake.vault import Contact

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Notice:
    """That a message waits, in the worker's language."""

    id: str
    """The same at every attempt of one waiting spell; it says nothing."""
    complaint_id: UUID
    language: str
    text: str
    contact: Contact | None = field(repr=False)
    """`None`: the way needs none."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a system."""

    address: str = field(repr=False)
    reach: Reach = field(repr=False)
    body: bytes = field(repr=False)
    content_type: str = JSON


class NotTold(Exception):
    """The worker was not told."""

    def __init__(self, reason: Reason, asked: timedelta = timedelta()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.asked = asked
        """How long the system asked us to wait."""


class Way(Protocol):
    """What each module of a system offers."""

    def request(self, hotline: Hotline, notice: Notice) -> Request:
        """What to ask of the system.

        Raises:
            NotTold: there is nothing to ask.
        """
        ...

    def refusal(self, answer: Answer) -> NotTold | None:
        """Why it did not send the notice, if it did not."""
        ...


def reach(base: str, shown: Mapping[str, str]) -> Reach:
    """To this host alone, showing this."""
    return Reach({Origin.of(URL(base)): shown})


def usual_refusal(answer: Answer) -> NotTold | None:
    """What a status means where the system says nothing more exact."""
    match answer.status:
        case status if 200 <= status < 300:
            return None
        case 401 | 403:
            return NotTold(Reason.NOT_PERMITTED)
        case 408 | 425 | 429:
            return NotTold(Reason.NOT_NOW, pauses.asked_by(answer.retry_after))
        case status if status >= 500:
            return NotTold(Reason.NOT_NOW, pauses.asked_by(answer.retry_after))
        case _:
            return NotTold(Reason.REFUSED)


def code_in(answer: Answer, *path: str) -> str:
    """The code by which a system says what is wrong; empty where it says none."""
    try:
        return text_at(read_json(answer.body), *path) or ""
    except Malformed:
        return ""
