"""An officer's own word that a complaint may be opened: from intake, short-lived, used once."""

import base64
import binascii
import hmac
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ValidationError

from tocsin_common.keyed import keyed_hash
from tocsin_contracts.events.base import PLAIN
from tocsin_contracts.vault import Reason

VALID = timedelta(minutes=5)
SKEW = timedelta(seconds=5)


class Purpose(StrEnum):
    """What the officer says by it."""

    OPEN = "open"
    SECOND = "second"
    """That another officer may open it, beyond that officer's openings of the day."""


class Token(BaseModel):
    """What a token says: who, what, why and when."""

    model_config = PLAIN

    token_id: UUID
    issued_at: AwareDatetime
    purpose: Purpose
    officer_id: UUID
    complaint_id: UUID
    reason: Reason


class NoToken(Exception):
    """Intake did not issue it, or too long ago."""


def issue(key: bytes, token: Token) -> str:
    """Write a token, so that only intake can have written it."""
    said = token.model_dump_json().encode()
    return f"tvt_{_text(said)}.{_text(_mark(key, said))}"


def read(key: bytes, written: str, now: datetime, valid: timedelta = VALID) -> Token:
    """Read a token back.

    Raises:
        NoToken: intake did not write it, or longer ago than it is valid.
    """
    said, _, mark = written.removeprefix("tvt_").partition(".")
    try:
        body = base64.urlsafe_b64decode(said)
        if not hmac.compare_digest(_mark(key, body), base64.urlsafe_b64decode(mark)):
            raise NoToken
        token = Token.model_validate_json(body)
    except (binascii.Error, ValidationError, ValueError):
        raise NoToken from None
    if not -SKEW <= now - token.issued_at <= valid:
        raise NoToken
    return token


def _mark(key: bytes, said: bytes) -> bytes:
    return keyed_hash(key, "officer-token", said)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
