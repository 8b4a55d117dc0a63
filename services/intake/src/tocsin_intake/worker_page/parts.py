"""Messages cut so that every page fits into one answer: newest first, long ones in pieces."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import islice

from tocsin_intake.dialogue.schemas import MessageShown

ROOM = 3000  # bytes of a page that messages may take
LEAST = 120  # bytes that one takes besides its words


@dataclass(frozen=True, slots=True)
class Piece:
    """A message, or a part of one."""

    author: str
    written_on: date
    words: str
    continued: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One page of a dialogue."""

    number: int
    pieces: Sequence[Piece]
    more: bool
    """There are older ones."""


def part_of(messages: Sequence[MessageShown], number: int) -> Part:
    """One page of a dialogue, the newest is 0; nothing is cut that is not looked at."""
    found = list(islice(_parts(messages), number, number + 2))
    return Part(number, found[0] if found else (), more=len(found) > 1)


def _parts(messages: Sequence[MessageShown]) -> Iterator[Sequence[Piece]]:
    part: list[Piece] = []
    left = ROOM
    for piece in _pieces(messages):
        size = LEAST + _size(piece.words)
        if size > left and part:
            yield part
            part, left = [], ROOM
        part.append(piece)
        left -= size
    if part:
        yield part


def _pieces(messages: Sequence[MessageShown]) -> Iterator[Piece]:
    for message in reversed(messages):
        for number, words in enumerate(_cut(message.words)):
            yield Piece(message.author, message.written_on, words, continued=number > 0)


def _cut(words: str) -> Iterator[str]:
    """Cut where a word ends, if one does."""
    begin = 0
    while (end := _end(words, begin)) < len(words):
        at = max(words.rfind(" ", begin, end), words.rfind("\n", begin, end))
        end = at + 1 if at > begin else end
        yield words[begin:end]
        begin = end
    yield words[begin:]


def _end(words: str, begin: int) -> int:
    """Where what fits ends."""
    left = ROOM - LEAST
    for at in range(begin, len(words)):
        left -= _size(words[at])
        if left < 0:
            return at
    return len(words)


def _size(words: str) -> int:
    return len(escape(words).encode())
