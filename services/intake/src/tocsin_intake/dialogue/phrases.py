"""What a worker is told, in plain words and in the worker's language."""

import json
from functools import cache
from importlib.resources import files

FALLBACK = "en"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Every sentence by language and name."""
    return json.loads(files("tocsin_intake.dialogue").joinpath("phrases.json").read_text("utf-8"))


def language_of(*wanted: str | None) -> str:
    """The first language of those wanted (BCP 47) that has sentences."""
    primary = (one.split("-")[0].lower() for one in wanted if one)
    return next((one for one in primary if one in catalogue()), FALLBACK)


def phrase(language: str, name: str) -> str:
    """One sentence."""
    return catalogue()[language][name]
