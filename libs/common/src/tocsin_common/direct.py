"""Operations that are called so often that FastAPI only documents them."""

import json
from collections.abc import Callable, Coroutine, Sequence
from functools import lru_cache
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from starlette.routing import BaseRoute

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Errors = list[dict[str, Any]]


class Direct(APIRoute):
    """FastAPI reads the signature for the document; requests are read here, at half the cost.

    It is for an operation that takes a JSON body, header fields, the response, and dependencies
    that are functions of the request alone, and that returns a model. Any other signature is
    refused when the application is made, and dependencies that come with `include_router` when it
    starts. Callers see no difference, but that who has no key is told so whatever the body is.
    """

    def get_route_handler(self) -> Handler:
        """Return what answers a request.

        Raises:
            TypeError: the signature has what is not read here.
        """
        wanted = self.dependant
        _refuse_what_is_not_read(self, wanted)
        status = self.status_code or 200
        call: Callable[..., Coroutine[Any, Any, BaseModel]] = self.endpoint

        async def handle(request: Request) -> Response:
            values: dict[str, Any] = {}
            for one in wanted.dependencies:
                values[one.name or ""] = await one.call(request)  # pyright: ignore[reportOptionalCall]
            errors = self._read_header(request, values)
            errors += await self._read_body(request, values)
            if errors:
                raise RequestValidationError(errors)
            response = Response(status_code=status)
            if wanted.response_param_name:
                values[wanted.response_param_name] = response
            told = await call(**values)
            return Response(told.model_dump_json(), response.status_code, media_type=_JSON)

        return handle

    def _read_header(self, request: Request, values: dict[str, Any]) -> Errors:
        errors: Errors = []
        for field in self.dependant.header_params:
            shown = request.headers.get(field.alias)
            if shown is None:
                values[field.name] = field.get_default()
                continue
            values[field.name], wrong = field.validate(shown, loc=("header", field.alias))
            errors += wrong
        return errors

    async def _read_body(self, request: Request, values: dict[str, Any]) -> Errors:
        if not (field := self.body_field):
            return []
        if not (body := await request.body()):
            return [{"type": "missing", "loc": ("body",), "msg": "Field required"}]
        found: Any = body
        if _is_json(request.headers.get("content-type", "")):
            try:
                found = json.loads(body)
            except (ValueError, RecursionError):
                return [{"type": "json_invalid", "loc": ("body",), "msg": "JSON decode error"}]
        values[field.name], errors = field.validate(found, loc=("body",))
        return errors


def refuse_what_came_by_inclusion(routes: Sequence[BaseRoute]) -> None:
    """Look at every route as it is included.

    Raises:
        TypeError: a direct one was given dependencies on the way, which it would never ask.
    """
    for one in iter_route_contexts(routes):
        if isinstance(one.original_route, Direct) and one.dependencies:
            raise TypeError(
                f"{one.name} is included with dependencies, which a direct route does not read: "
                "name them in its signature"
            )


_JSON = "application/json"


@lru_cache(maxsize=100)
def _is_json(content_type: str) -> bool:
    kind, _, subtype = content_type.partition(";")[0].strip().lower().partition("/")
    return kind == "application" and (subtype == "json" or subtype.endswith("+json"))


def _refuse_what_is_not_read(route: APIRoute, wanted: Dependant) -> None:
    others = (
        wanted.path_params,
        wanted.query_params,
        wanted.cookie_params,
        wanted.body_params[1:],
        wanted.background_tasks_param_name,
        wanted.request_param_name,
        [one for one in wanted.dependencies if not one.name or not _takes_the_request_alone(one)],
        [field for field in wanted.header_params if field.field_info.is_required()],
    )
    if any(others) or route.dependencies:
        raise TypeError(f"{route.name} asks for what a direct route does not read")


def _takes_the_request_alone(one: Dependant) -> bool:
    others = (
        one.path_params,
        one.query_params,
        one.header_params,
        one.cookie_params,
        one.body_params,
        one.dependencies,
        one.response_param_name,
        one.background_tasks_param_name,
    )
    return bool(one.call and one.request_param_name) and not any(others)
