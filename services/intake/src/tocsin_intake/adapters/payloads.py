"""What comes in from a hotline's own system, and what its adapter makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, cast

from pydantic import BaseModel, ConfigDict

from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.schemas import ComplaintSubmission


class Payload(BaseModel):
    """A body as it came, with what else its adapter needs to read it again later."""

    model_config = ConfigDict(
        frozen=True,
        ser_json_bytes="base64",
        val_json_bytes="base64",
        hide_input_in_errors=True,
    )

    body: bytes
    content_type: str = ""
    message_id: str | None = None
    """The sender's id of this message, where it stands in a header."""
    received_on: date | None = None
    """The day, where the sender has no ids: the same said on another day is said again."""


@dataclass(frozen=True)
class Unknown:
    """A part that the adapter does not know; it is kept for the hotline's officers."""

    reason: str
    """A code of ours, never a value."""
    payload: Payload


@dataclass(frozen=True)
class Change:
    """What its system says now of something it sent before, as an edited message or form.

    Where that is a complaint, it stays as it is, and this follows it: words as a message, files
    as its evidence, and less consent counts at once.
    """

    of: str
    """The reference of what it was sent before as."""
    own: str
    """Its own reference."""
    words: str
    """What is added; empty: nothing, where the complaint is there."""
    alone: ComplaintSubmission | None
    """What it is where nothing came before; its `external_ref` is `of`."""
    payload: Payload
    part: bool = False
    """One of several that are sent apart and said at once, as the photos of an album: what came
    first is the complaint, and says itself nothing more."""


@dataclass(frozen=True)
class Translation:
    """Complaints, changes, what was not understood; all else is no complaint (statuses, pings)."""

    complaints: Sequence[ComplaintSubmission] = ()
    unknown: Sequence[Unknown] = field(default_factory=tuple[Unknown, ...])
    changes: Sequence[Change] = field(default_factory=tuple[Change, ...])


class Translator(Protocol):
    """What each adapter offers beside its route."""

    def __call__(self, hotline: Hotline, payload: Payload) -> Translation:
        """Translate; touches nothing.

        Raises:
            Malformed: the body is not even in the system's format.
        """
        ...


def text_at(found: Any, *path: str) -> str | None:
    """The text at a path, if there is text."""
    for name in path:
        if not isinstance(found, Mapping):
            return None
        found = cast("Mapping[str, Any]", found).get(name)
    if isinstance(found, int | float) and not isinstance(found, bool):
        return str(found)
    return found.strip() or None if isinstance(found, str) else None


def object_at(found: Any, *path: str) -> Mapping[str, Any]:
    """The object at a path; an empty one where there is none."""
    for name in path:
        if not isinstance(found, Mapping):
            return {}
        found = cast("Mapping[str, Any]", found).get(name)
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def list_at(found: Any, *path: str) -> list[Any]:
    """The list at a path; an empty one where there is none."""
    listed = object_at(found, *path[:-1]).get(path[-1])
    return cast("list[Any]", listed) if isinstance(listed, list) else []


def objects(found: Any, *path: str) -> list[Mapping[str, Any]]:
    """The list of objects at a path; what is none is left out."""
    return [one for one in list_at(found, *path) if isinstance(one, Mapping)]
