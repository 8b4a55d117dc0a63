"""Which language a worker reads, and what the page says in it."""

import json
from functools import cache
from importlib.resources import files

from tocsin_intake.dialogue import phrases

NAMES = {
    "en": "English",
    "zh": "中文",
    "th": "ไทย",
    "vi": "Tiếng Việt",
    "es": "Español",
    "id": "Bahasa Indonesia",
}
RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "ur"})
MOST_ASKED = 20  # languages of a header that are looked at


@cache
def words_of(language: str) -> dict[str, str]:
    """Everything the page says in one language."""
    return json.loads(_file("words.json"))[language]


def direction_of(language: str) -> str:
    """Which way it is written."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def chosen(on_page: str, header: str) -> str | None:
    """What was chosen on the page, else what the browser asks for; `None`: nothing we speak."""
    wanted = [on_page, *_asked(header)]
    primary = (one.split("-")[0].lower() for one in wanted)
    return next((one for one in primary if one in phrases.catalogue()), None)


def _asked(header: str) -> list[str]:
    """The languages of an `Accept-Language` header, the dearest first (RFC 9110)."""
    weighed: list[tuple[float, str]] = []
    for part in header.split(",")[:MOST_ASKED]:
        name, _, weight = part.partition(";")
        weighed.append((_number(weight.strip().removeprefix("q=")), name.strip()))
    weighed.sort(key=lambda one: -one[0])
    return [name for weight, name in weighed if weight]


def _number(text: str) -> float:
    try:
        weight = float(text) if text else 1.0
    except ValueError:
        return 0.0
    return weight if 0 < weight <= 1 else 0.0


def _file(name: str) -> str:
    return files("tocsin_intake.worker_page").joinpath(name).read_text("utf-8")
