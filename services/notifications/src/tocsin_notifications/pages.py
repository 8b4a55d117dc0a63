"""Lists in pages: how one is asked for, and where the next begins (RFC 8288)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from tocsin_common.problems import Problem

LARGEST_PAGE = 200

T = TypeVar("T")


class BadCursor(Problem):
    """There is nothing of the caller's where the page should begin."""

    status = HTTPStatus.BAD_REQUEST
    code = "bad_cursor"
    detail = "Send `after` as `next_cursor` gave it, or leave it out to begin anew."


class Page(BaseModel, Generic[T]):
    """Some rows of a list, newest first."""

    data: list[T]
    next_cursor: UUID | None = Field(description="The `after` of the next page; null: no more.")


@dataclass(frozen=True, slots=True)
class Listing:
    """Which page of a list a request asks for. A cursor is the last row's own random id."""

    request: Request
    response: Response
    after: Annotated[
        UUID | None, Query(description="The `next_cursor` of the page before; none: the first.")
    ] = None
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many, at most.")] = 50

    def page(self, rows: Sequence[T], id_of: Callable[[T], UUID]) -> Page[T]:
        """Make a page of `limit` rows, of which one more than that may have been found."""
        if len(rows) <= self.limit:
            return Page(data=list(rows), next_cursor=None)
        data = list(rows[: self.limit])
        cursor = id_of(data[-1])
        again = dict(self.request.query_params) | {"after": str(cursor)}
        self.response.headers["Link"] = f'<{self.request.url.path}?{urlencode(again)}>; rel="next"'
        return Page(data=data, next_cursor=cursor)


ThisList = Annotated[Listing, Depends(Listing)]
