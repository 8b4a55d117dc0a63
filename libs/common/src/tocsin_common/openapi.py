"""The API's document, saying what is true of every operation: how it refuses, under which id."""

from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tocsin_common.problems import ProblemDetail

PROBLEM = "application/problem+json"
_PROBLEM = {"$ref": "#/components/schemas/ProblemDetail"}
_REQUEST_ID = {
    "X-Request-Id": {
        "description": "Finds the request in our logs; your own, if you sent a UUID.",
        "schema": {"type": "string", "format": "uuid"},
    }
}
_REFUSALS = {
    "400": "It is not JSON, or not what it says it is",
    "401": "The key is missing, or nobody's",
    "422": "Some fields are missing or wrong; `errors` says which",
    "503": "Nothing was done; it is safe to repeat",
}
_RETRY = {
    "Retry-After": {
        "description": "Seconds until it is worth trying again.",
        "schema": {"type": "integer", "minimum": 0},
    }
}

Json = dict[str, Any]


def document(app: FastAPI) -> Json:
    """Make the OpenAPI document once; every refusal in it is a problem (RFC 9457)."""
    if app.openapi_schema:
        return app.openapi_schema
    made = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        separate_input_output_schemas=app.separate_input_output_schemas,
    )
    schemas: Json = made.setdefault("components", {}).setdefault("schemas", {})
    schemas |= _schemas_of_problems()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path in cast("dict[str, Json]", made.get("paths", {})).values():
        for operation in path.values():
            _say_how_it_refuses(operation)
    app.openapi_schema = made
    return made


def _schemas_of_problems() -> Json:
    whole = ProblemDetail.model_json_schema(ref_template="#/components/schemas/{model}")
    parts: Json = whole.pop("$defs", {})
    return parts | {"ProblemDetail": whole}


def _say_how_it_refuses(operation: Json) -> None:
    responses: Json = operation["responses"]
    responses.pop("default", None)
    asked = bool(operation.get("requestBody") or operation.get("parameters"))
    applies = {
        "400": asked,
        "401": bool(operation.get("security")),
        "422": asked,
        "503": True,
    }
    for status, words in _REFUSALS.items():
        if applies[status]:
            responses[status] = _refusal(words)
    responses["4XX"] = _refusal("Another problem; its `code` says which")
    for answer in responses.values():
        answer.setdefault("headers", {}).update(_REQUEST_ID)
    responses["503"]["headers"] |= _RETRY


def _refusal(words: str) -> Json:
    return {"description": words, "content": {PROBLEM: {"schema": _PROBLEM}}}
