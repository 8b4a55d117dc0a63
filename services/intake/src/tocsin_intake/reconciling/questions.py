"""What KoboToolbox is asked, page by page, and how its answer reads."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from tocsin_intake.adapters.payloads import objects, text_at
from tocsin_intake.adapters.reading import read_json

PAGE = 50  # forms; the server would give a thousand, and they are held in memory


@dataclass(frozen=True, slots=True)
class Sweep:
    """A walk through forms in the order of their numbers, which the server gives in sequence."""

    since: datetime
    """Forms that the server was sent before are none of ours."""
    until: datetime
    """Those that were sent later its REST service may still post by itself."""
    edited: bool
    """Only those that were edited; nothing says when, so they are all read again and again."""

    def address(self, base: str, asset: str, after: int) -> str:
        """Where the page after this number is found."""
        query: dict[str, Any] = {
            "_id": {"$gt": after},
            "_submission_time": {"$gte": _written(self.since), "$lt": _written(self.until)},
        }
        if self.edited:
            query["meta/deprecatedID"] = {"$exists": True}
        asked = {"format": "json", "limit": PAGE, "sort": '{"_id": 1}', "query": json.dumps(query)}
        return f"{base}/api/v2/assets/{asset}/data/?{urlencode(asked)}"


@dataclass(frozen=True, slots=True)
class Page:
    """Some forms, in the order of their numbers."""

    forms: list[Mapping[str, Any]]
    last: int
    """The number after which the next page begins."""
    newest: datetime | None
    """When the youngest of them was sent."""

    @property
    def more(self) -> bool:
        """Whether there is another page."""
        return len(self.forms) >= PAGE


def read(body: bytes, after: int) -> Page:
    """Read a page.

    Raises:
        Malformed: it is none.
    """
    forms = objects(read_json(body), "results")
    numbers = [number for one in forms if (number := _number(one)) is not None]
    times = [time for one in forms if (time := _time(one)) is not None]
    return Page(forms, last=max(numbers, default=after), newest=max(times, default=None))


def _number(form: Mapping[str, Any]) -> int | None:
    written = text_at(form, "_id") or ""
    return int(written) if written.isdecimal() and len(written) < 19 else None


def _time(form: Mapping[str, Any]) -> datetime | None:
    try:
        time = datetime.fromisoformat(text_at(form, "_submission_time") or "")
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _written(time: datetime) -> str:
    """As the server writes times: in UTC, and does not say so."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
