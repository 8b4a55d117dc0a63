"""What a client is told when something is wrong (RFC 9457), without echoing what it sent."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from pydantic import BaseModel, Field

DOCS = "https://tocsin.example/problems/"


class Problem(Exception):
    """An expected refusal. Subclasses stand beside the rule they guard.

    `detail` is a sentence of ours: it says what to do next and quotes nothing that was sent.
    """

    status: int = HTTPStatus.BAD_REQUEST
    code: str = "bad_request"
    detail: str = ""

    def __init__(self, detail: str = "", *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(self.code)
        self.detail = detail or self.detail
        self.headers = dict(headers or {})


class NotAuthenticated(Problem):
    """No key, or one nobody has."""

    status = HTTPStatus.UNAUTHORIZED
    code = "not_authenticated"
    detail = "Send `Authorization: Bearer <key>` with a key that is valid."

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class NotFound(Problem):
    """It is not there, or not for this caller: the two look the same."""

    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    detail = "There is nothing here, or nothing you may see."


class Conflict(Problem):
    """It stands in the way of what is there already."""

    status = HTTPStatus.CONFLICT
    code = "conflict"


class Invalid(Problem):
    """It is well-formed and wrong."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid"


class TooLarge(Problem):
    """More than this service takes."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too_large"
    detail = "The request's body is larger than this service takes."


class UnsupportedMediaType(Problem):
    """It is of a kind that is not taken here."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"


class Unavailable(Problem):
    """Nothing was done; it is safe to repeat."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"
    detail = "Nothing was done. Send the same request again; it is safe to repeat."

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, headers={"Retry-After": "1"})


class Internal(Problem):
    """Our mistake."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "internal"
    detail = "This is our mistake. The request id finds it in our logs."


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    pointer: str = Field(description="Where, as a JSON pointer.", examples=["/issues/0"])
    detail: str


class ProblemDetail(BaseModel):
    """The body of every error."""

    type: str = Field(examples=[f"{DOCS}invalid"])
    title: str
    status: int
    code: str
    detail: str = ""
    request_id: str = ""
    errors: list[FieldProblem] = []


def body(
    status: int, code: str, detail: str, request_id: str, errors: Sequence[FieldProblem] = ()
) -> dict[str, Any]:
    """The problem as a JSON object."""
    return ProblemDetail(
        type=DOCS + code,
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        request_id=request_id,
        errors=list(errors),
    ).model_dump(exclude_defaults=True) | {"type": DOCS + code, "status": status}


# What pydantic says for these types never quotes the input; for all others we say less.
SAFE_MESSAGES = frozenset(
    {
        "bool_parsing", "bool_type", "bytes_type", "date_type", "datetime_type", "dict_type",
        "enum", "float_parsing", "float_type", "greater_than",
        "greater_than_equal", "int_parsing", "int_type", "less_than", "less_than_equal",
        "list_type", "literal_error", "missing", "model_type", "string_pattern_mismatch",
        "string_too_long", "string_too_short", "string_type", "string_unicode", "timezone_aware",
        "too_long", "too_short", "tuple_type", "value_error",
    }
)  # fmt: skip


def of_fields(errors: Sequence[Mapping[str, Any]], names: Collection[str]) -> list[FieldProblem]:
    """Tell validation errors by place and rule; of the place only `names`, which are ours."""
    return [_of_field(error, names) for error in errors[:20]]


def names_in(schema: Any) -> frozenset[str]:
    """Every name of a field or parameter that a JSON Schema or an OpenAPI document declares."""
    return frozenset(_names_in(schema))


def _names_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for part in cast("list[Any]", schema):
            yield from _names_in(part)
    elif isinstance(schema, dict):
        known = cast("dict[str, Any]", schema)
        yield from known.get("properties", ())
        if "in" in known and "name" in known:  # a parameter
            yield known["name"]
        for part in known.values():
            yield from _names_in(part)


def _of_field(error: Mapping[str, Any], names: Collection[str]) -> FieldProblem:
    place = [part for part in error["loc"][1:] if isinstance(part, int) or part in names]
    if error["type"] == "extra_forbidden":
        detail = "has a field that is not known here"
    else:
        detail = error["msg"] if error["type"] in SAFE_MESSAGES else "is not valid"
    return FieldProblem(pointer="".join(f"/{part}" for part in place), detail=detail)
