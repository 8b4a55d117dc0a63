"""An edit in words: all that it says, since a message has no fields."""

from collections.abc import Iterator
from typing import Any, cast

from tocsin_intake.adapters.payloads import Change, Payload
from tocsin_intake.schemas import ComplaintSubmission

NOT_SAID = {"words", "external_ref", "source", "contact", "channel", "language", "media"}


def change_of(complaint: ComplaintSubmission, of: str, own: str, payload: Payload) -> Change:
    """What a system sends again, changed: a message, or the complaint where none came before."""
    alone = complaint.model_copy(update={"external_ref": of})
    return Change(of=of, own=own, words=words_of(complaint), alone=alone, payload=payload)


def words_of(complaint: ComplaintSubmission) -> str:
    """The words, and below them every fact that is stated."""
    facts = complaint.model_dump(mode="json", exclude_defaults=True, exclude=NOT_SAID)
    return "\n".join(filter(None, (complaint.words, *_lines("", facts))))


def _lines(name: str, fact: Any) -> Iterator[str]:
    if isinstance(fact, dict):
        for inner, value in cast("dict[str, Any]", fact).items():
            yield from _lines(f"{name}.{inner}" if name else inner, value)
    elif isinstance(fact, list):
        for value in cast("list[Any]", fact):
            yield from _lines(name, value)
    else:
        yield f"{name}: {fact}"
