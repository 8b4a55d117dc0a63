"""Lists in pages: how one is asked for, and where the next begins (RFC 8288)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

LARGEST_PAGE = 200
BEGINNING = UUID(int=0)  # before every id

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """Some rows of a list."""

    data: list[T]
    next_cursor: UUID | None = Field(
        description="The `after` of the next page; none: this is the last."
    )


@dataclass(frozen=True, slots=True)
class Listing:
    """Which page of a list a request asks for. Every list is in the order of its ids."""

    request: Request
    response: Response
    after: Annotated[UUID, Query(description="The `next_cursor` of the page before.")] = BEGINNING
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many, at most.")] = 50

    @property
    def wanted(self) -> int:
        """How many rows to fetch: one more than asked for says whether there is a next page."""
        return self.limit + 1

    def page(self, rows: Sequence[T], id_of: Callable[[T], UUID]) -> Page[T]:
        """Make the page of `wanted` rows, and tell where the next one begins."""
        if len(rows) < self.wanted:
            return Page(data=list(rows), next_cursor=None)
        data = list(rows[: self.limit])
        cursor = id_of(data[-1])
        again = dict(self.request.query_params) | {"after": str(cursor)}
        self.response.headers["Link"] = f'<{self.request.url.path}?{urlencode(again)}>; rel="next"'
        return Page(data=data, next_cursor=cursor)


ThisList = Annotated[Listing, Depends(Listing)]
