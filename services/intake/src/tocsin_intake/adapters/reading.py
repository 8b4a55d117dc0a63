"""Reads JSON from outside: bounded, unambiguous, and without what no database stores."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from tocsin_common.problems import Problem

DEEPEST = 40  # levels; the systems we know need six
NUL_AND_SURROGATES = {0: None} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


class Malformed(Problem):
    """Whatever this is, the system did not send it."""

    status = HTTPStatus.BAD_REQUEST
    code = "malformed"
    detail = "The body is not in the format of this integration's system."


def read_json(body: bytes) -> Any:
    """Read JSON; NUL goes, and lone surrogates become U+FFFD.

    Raises:
        Malformed: it is no JSON, too deep, has a number too long, or names a field twice.
    """
    try:
        found = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_no_number)
        return _clean(found, DEEPEST)
    except (ValueError, RecursionError):
        raise Malformed from None


def clean_text(text: str) -> str:
    """Text as it can be stored."""
    return text.translate(NUL_AND_SURROGATES)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a field twice")
    return found


def _no_number(_: str) -> Any:
    raise ValueError("no number")


def _clean(found: Any, levels: int) -> Any:
    if isinstance(found, str):
        return clean_text(found)
    if not isinstance(found, list | dict):
        return found
    if not levels:
        raise ValueError("too deep")
    if isinstance(found, dict):
        known = cast("Mapping[str, Any]", found)
        return {clean_text(name): _clean(one, levels - 1) for name, one in known.items()}
    return [_clean(one, levels - 1) for one in cast("Sequence[Any]", found)]
