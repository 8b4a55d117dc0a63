"""In how many ways a text can hide among bytes, and which places it hides in."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
DEPTHS = (1, 2, 4)  # backslashes for one: JSON, JSON in JSON, and that as PostgreSQL copies it
SHOWN = 40  # bytes around what was found, in a failure


@dataclass(frozen=True)
class Place:
    """Something that was searched."""

    name: str
    content: bytes


def forms_of(text: str) -> frozenset[bytes]:
    """Every form in which a text is recognised, wherever it begins in what was encoded."""
    escaped = json.dumps(text)[1:-1].encode()
    written = {
        text.encode(),
        text.encode("unicode_escape"),
        quote(text).encode(),
        *(escaped.replace(b"\\", b"\\" * depth) for depth in DEPTHS),
    }
    return frozenset(written).union(
        *(_disguises(text.encode(encoding)) | {text.encode(encoding)} for encoding in ENCODINGS)
    )


def forms_of_id(identifier: UUID) -> frozenset[bytes]:
    """Every form of an id: as it is written, as databases keep it, and disguised."""
    return frozenset({identifier.bytes, str(identifier).encode()}) | _disguises(identifier.bytes)


def _disguises(data: bytes) -> frozenset[bytes]:
    """Hexadecimal, and base64 in each of its three alignments, with and without URLs in mind."""
    plain = {_base64_at(offset, data) for offset in range(3)}
    for_urls = {one.translate(bytes.maketrans(b"+/", b"-_")) for one in plain}
    return frozenset({data.hex().encode(), data.hex().upper().encode(), *plain, *for_urls})


def _base64_at(offset: int, data: bytes) -> bytes:
    """The base64 characters that `data` alone decides when `offset` bytes stand before it."""
    encoded = base64.b64encode(bytes(offset) + data)
    first = -(-8 * offset // 6)
    last = 8 * (offset + len(data)) // 6
    return encoded[first:last]


def found(forms: Iterable[bytes], places: Iterable[Place]) -> list[str]:
    """Where any of these forms is, with what stands around it."""
    wanted = list(forms)
    return [
        f"{place.name}: …{place.content[max(0, at - SHOWN) : at + len(form) + SHOWN]!r}…"
        for place in places
        for form in wanted
        if (at := place.content.find(form)) >= 0
    ]
