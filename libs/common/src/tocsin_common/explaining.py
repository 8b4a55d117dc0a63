"""How what goes wrong is answered: as problems (RFC 9457), in our words and nobody else's."""

import logging
import re
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from tocsin_common import problems
from tocsin_common.errors import is_outage, place_of
from tocsin_common.group_commit import Overloaded
from tocsin_common.problems import Internal, Invalid, Problem, TooLarge, Unavailable

log = logging.getLogger("tocsin.http")


def explain_errors_of(app: FastAPI) -> None:
    """Have an application answer its own and its framework's refusals as problems."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_exception)


def _answer(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[problems.FieldProblem] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    return JSONResponse(
        problems.body(status, code, detail, _id_of(request), errors),
        status,
        headers,
        media_type="application/problem+json",
    )


def _id_of(request: Request) -> str:
    return getattr(request.state, "request_id", "")


async def _problem(request: Request, error: Any) -> JSONResponse:
    return _answer(request, error.status, error.code, error.detail, headers=error.headers)


async def _invalid(request: Request, error: Any) -> JSONResponse:
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return _answer(request, HTTPStatus.BAD_REQUEST, "malformed", "The body is not JSON.")
    detail = "Some fields are missing or wrong; `errors` says which."
    return _answer(
        request,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid",
        detail,
        errors=problems.of_fields(found, _names(request.app)),
    )


def _names(app: FastAPI) -> frozenset[str]:
    """Every name of a field or parameter that the API declares."""
    if not hasattr(app.state, "names"):
        app.state.names = problems.names_in(app.openapi())
    return app.state.names


async def _http_exception(request: Request, error: Any) -> JSONResponse:
    if error.status_code == TooLarge.status:
        return _answer(request, TooLarge.status, TooLarge.code, TooLarge.detail)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_")
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_methods_at(request))) or headers.get("Allow", "")
    return _answer(request, error.status_code, code, "", headers=headers)


def _methods_at(request: Request) -> set[str]:
    """Every method of the path, whichever of its operations was looked at first."""
    paths = request.app.openapi()["paths"]
    matching = [template for template in paths if _pattern(template).match(request.url.path)]
    if not matching:
        return set()
    return {method.upper() for method in paths[min(matching, key=lambda one: one.count("{"))]}


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return compile_path(template)[0]


def unexpected(request: Request, error: Exception) -> JSONResponse:
    """Answer an exception that nobody expected; it is logged where it is ours."""
    told = explain(error)
    if isinstance(told, Unavailable):
        log.warning("request %s was not served: %s", _id_of(request), place_of(error))
    elif isinstance(told, Internal):
        log.error("request %s failed: %s", _id_of(request), place_of(error))
    return _answer(request, told.status, told.code, told.detail, headers=told.headers)


def explain(error: Exception) -> Problem:
    """What a caller is told of an exception that is no problem of theirs, or is one."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Overloaded) or is_outage(error):
        return Unavailable()
    if _cannot_be_stored(error):
        return Invalid("A value cannot be stored as it is.")
    return Internal()


def _cannot_be_stored(error: Exception) -> bool:
    return str(getattr(getattr(error, "orig", error), "sqlstate", "") or "").startswith("22")
