"""Conditional requests (RFC 9110): nothing sent twice, nothing overwritten unseen."""

from hashlib import sha256
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from tocsin_common.problems import Problem

CONDITIONAL: dict[int | str, dict[str, Any]] = {
    HTTPStatus.NOT_MODIFIED.value: {"description": "The caller has it already (`If-None-Match`)"}
}
"""What an operation that answers with `answer` adds to its OpenAPI."""


class ChangedSince(Problem):
    """Somebody else changed it after the caller read it."""

    status = HTTPStatus.PRECONDITION_FAILED
    code = "changed_since"
    detail = "It has changed since you read it. Read it again and send its new ETag as `If-Match`."


class IfMatchMissing(Problem):
    """A change must say which state it changes."""

    status = HTTPStatus.PRECONDITION_REQUIRED
    code = "if_match_missing"
    detail = "Send the ETag of what you change as `If-Match`, or `*` to change it as it is now."


def etag(version: int) -> str:
    """The strong ETag of something that counts its versions."""
    return f'"{version}"'


def require_match(if_match: str | None, current: str) -> None:
    """Return if the caller knows the current state, or says that it does not matter.

    Raises:
        IfMatchMissing: it does not say.
        ChangedSince: it knows another.
    """
    if if_match is None:
        raise IfMatchMissing
    if "*" not in (known := _tags(if_match)) and current not in known:
        raise ChangedSince


def answer(request: Request, shown: BaseModel, tag: str | None = None) -> Response:
    """Send `shown`, or 304 to a caller that has it already.

    Args:
        request: says which states the caller has.
        shown: what is sent.
        tag: its strong ETag; without one a digest of exactly what is sent (protection L2).
    """
    body = shown.model_dump_json().encode()
    tag = tag or f'"{sha256(body).hexdigest()[:32]}"'
    known = _tags(request.headers.get("if-none-match", ""))
    if "*" in known or tag in {one.removeprefix("W/") for one in known}:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    return Response(body, headers={"ETag": tag}, media_type="application/json")


def _tags(header: str) -> set[str]:
    return {one.strip() for one in header.split(",")}
