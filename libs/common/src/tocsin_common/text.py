"""Text as people send it: bounded, and without what no database stores."""

import re
from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StringConstraints
from pydantic_core import PydanticKnownError

MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ].+")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _tidy(value: str) -> str:
    """Without what stands around it; its length was counted as it was sent, as documented."""
    if "\x00" in value:
        raise ValueError("has a NUL character")
    if not (tidy := value.strip()):
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    return tidy


Line = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(_tidy)]
"""A name or a reference."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=20_000), AfterValidator(_tidy)]
"""What somebody says."""


def _written(value: Any) -> Any:
    if isinstance(value, str) and DAY.fullmatch(value):
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError("a day is written as 2026-11-01")


Day = Annotated[date, BeforeValidator(_written, json_schema_input_type=date)]
"""A day as it is written (RFC 3339), and not as a number of seconds."""


def _moment(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and MOMENT.fullmatch(value)):
        return value
    raise ValueError("a moment is written as 2026-11-01T12:00:00Z")


Moment = Annotated[AwareDatetime, BeforeValidator(_moment, json_schema_input_type=AwareDatetime)]
"""A moment as it is written (RFC 3339), and not as a number of seconds."""


def _time_of_day(value: Any) -> Any:
    if isinstance(value, str | time):
        return value
    raise ValueError("a time of day is written as 22:30")


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day, json_schema_input_type=time)]
"""A time of day as it is written, and not as a number of seconds."""
