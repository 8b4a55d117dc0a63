"""What letters say, in each language: one catalogue file a language."""

import json
from functools import cache
from importlib import resources
from typing import Any, Final

LANGUAGES: Final = ("en", "de", "fr", "nl", "sv", "es")

Words = dict[str, Any]


def language_of(wanted: str) -> str:
    """The language that a buyer is written in: its own if there is a catalogue, else English."""
    plain = wanted.partition("-")[0].lower()
    return plain if plain in LANGUAGES else "en"


@cache
def words_of(language: str) -> Words:
    """The catalogue of one of `LANGUAGES`."""
    file = resources.files("tocsin_notifications.mail") / "catalogue" / f"{language}.json"
    return json.loads(file.read_text(encoding="utf-8"))


def name_of(words: Words, kind: str, code: str) -> str:
    """What a code is called; the code itself when the catalogue does not know it."""
    return words[kind].get(code, code)
