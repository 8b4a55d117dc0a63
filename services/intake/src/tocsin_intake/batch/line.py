"""One line of a batch: read, and answered as if it had been sent alone."""

import logging
from typing import Any, cast

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from tocsin_common import problems, text
from tocsin_common.errors import place_of
from tocsin_common.explaining import explain
from tocsin_common.problems import Internal, Invalid, Problem, ProblemDetail, TooLarge
from tocsin_intake.schemas import ComplaintReceipt, ComplaintSubmission

log = logging.getLogger("tocsin.batch")

LONGEST_LINE = 400_000  # 20,000 characters of words, each escaped at its longest, and the rest

_KEY: TypeAdapter[str | None] = TypeAdapter(text.Line | None)
_NAMES = problems.names_in(ComplaintSubmission.model_json_schema()) | {"idempotency_key"}


class Malformed(Problem):
    """This line is not JSON, or not an object."""

    code = "malformed"
    detail = "The line is not a JSON object."


class LineTooLong(TooLarge):
    """No complaint is this long."""

    code = "line_too_long"
    detail = f"A line may have {LONGEST_LINE:,} bytes."


class NoReference(Invalid):
    """Without a reference a repeat of the batch would be another complaint."""

    code = "reference_missing"
    detail = "In a batch every line needs an `external_ref` or an `idempotency_key`."


class LineResult(BaseModel):
    """What became of one line."""

    line: int = Field(description="Its number in what was sent, from 1.", examples=[1])
    status: int = Field(description="As if it had been sent alone.", examples=[201])
    complaint: ComplaintReceipt | None = None
    problem: ProblemDetail | None = None


def read(line: bytes | None) -> tuple[ComplaintSubmission, str | None]:
    """Return a line's complaint, and its idempotency key.

    Raises:
        Problem: it is no complaint, or too long, or has no reference.
        ValidationError: some of its fields are missing or wrong.
    """
    if line is None:
        raise LineTooLong
    try:
        said: Any = from_json(line, allow_inf_nan=False)
    except ValueError:
        raise Malformed from None
    if not isinstance(said, dict):
        raise Malformed
    fields = cast("dict[str, Any]", said)
    key = _KEY.validate_python(fields.pop("idempotency_key", None))
    submission = ComplaintSubmission.model_validate(fields)
    if not (submission.external_ref or key):
        raise NoReference
    return submission, key


def refused(line: int, error: Exception) -> LineResult:
    """Tell why a line was not accepted, without a word of it."""
    errors: list[problems.FieldProblem] = []
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_context=False, include_input=False)
        errors = problems.of_fields([{**one, "loc": ("", *one["loc"])} for one in found], _NAMES)
        told: Problem = Invalid("Some fields are missing or wrong; `errors` says which.")
    else:
        told = explain(error)
        if isinstance(told, Internal):
            log.error("a line of a batch failed: %s", place_of(error))
    body = problems.body(told.status, told.code, told.detail, "", errors)
    return LineResult(line=line, status=told.status, problem=ProblemDetail(**body))
