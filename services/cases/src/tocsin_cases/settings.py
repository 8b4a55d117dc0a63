"""What cases is told by its environment."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from tocsin_cases.disclosure.schedule import calendar
from tocsin_common.settings import Key, Keys
from tocsin_common.settings import Settings as CommonSettings


def _readable(value: str) -> str:
    calendar(value)
    return value


Seconds = Annotated[int, Field(ge=0)]


class Settings(CommonSettings):
    """Its own keys, and the terms on which it discloses."""

    box_private_key: Key
    """Its end of the box in which intake tells what only cases may read (protection V1)."""
    box_private_keys_before: Keys = ()
    """Those it replaced, while anything lies sealed to them."""
    intake_box_public_key: Key
    """Intake's end."""
    intake_box_public_keys_before: Keys = ()
    """Those it replaced, while anything lies sealed with them."""
    alert_signing_key: Key
    """The ed25519 seed under which alerts are signed (protection L5)."""
    question_signing_key: Key
    """The ed25519 seed under which vault questions are signed (protection V2)."""
    slots: Annotated[str, AfterValidator(_readable)] = "tue,thu 12:00"
    """When alerts leave, in UTC; `every 2s` is for development (protection D3)."""
    settle_seconds: Seconds = 48 * 3600
    """How long after the newest contributing complaint, at least."""
    spread_seconds: Seconds = 5 * 24 * 3600
    """The longest time drawn on top of it, once per case."""
    notice_seconds: Seconds = 72 * 3600
    """How long before a release its hotlines are told (protection D8)."""
    retention_days: int = Field(default=5 * 365 + 36, ge=1)
    """The longest a complaint stays here, should its erasure never be heard; longer than intake
    keeps any, by what a stream keeps."""
    taxonomy_file: Path | None = None
    """The operator's own taxonomy, which replaces the shipped one whole."""
    body_limit: int = 8_000_000
    """A supplier list of 10,000 rows fits."""
