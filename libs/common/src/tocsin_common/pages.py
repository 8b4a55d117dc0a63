"""Lists in pages: how one is asked for, and how it says where the next begins (RFC 8288).

A cursor is the place of a page's last row, sealed: it says nothing, and opens only for the same
list with the same filters, asked for with the same key (protection L2).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from tocsin_common.cursors import Cursors

LARGEST_PAGE = 200
BEGINNING = UUID(int=0)  # before every id

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """Some rows of a list."""

    data: list[T]
    next_cursor: str | None = Field(description="The `after` of the next page; null: no more.")


@dataclass(frozen=True, slots=True)
class Listing:
    """Which page of a list a request asks for."""

    request: Request
    response: Response
    after: Annotated[
        str | None,
        Query(
            max_length=4000,
            description="The `next_cursor` of the page before; none: the first page.",
        ),
    ] = None
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many, at most.")] = 50

    @property
    def wanted(self) -> int:
        """How many rows to fetch: one more than asked for says whether there is a next page."""
        return self.limit + 1

    @property
    def place(self) -> list[str] | None:
        """Where the page begins: what the row before it is sorted by; `None` at the top.

        Raises:
            BadCursor: the cursor is not one of this list.
        """
        if self.after is None:
            return None
        return self._cursors.unseal(self.after, about=self._about)

    @property
    def after_id(self) -> UUID:
        """The same for a list in the order of its ids.

        Raises:
            BadCursor: the cursor is not one of this list.
        """
        return UUID(place[0]) if (place := self.place) else BEGINNING

    @property
    def after_time(self) -> tuple[datetime, UUID] | None:
        """The same for a list in the order of a time, and of its ids where that is the same.

        Raises:
            BadCursor: the cursor is not one of this list.
        """
        return (datetime.fromisoformat(at[0]), UUID(at[1])) if (at := self.place) else None

    def page(
        self, rows: Sequence[T], place_of: Callable[[T], UUID | tuple[str | datetime | UUID, ...]]
    ) -> Page[T]:
        """Make the page of `wanted` rows, and tell where the next one begins.

        Args:
            rows: what was found.
            place_of: what a row is sorted by: its id, or a tuple.
        """
        if len(rows) < self.wanted:
            return Page(data=list(rows), next_cursor=None)
        data = list(rows[: self.limit])
        last = place_of(data[-1])
        parts = (last,) if isinstance(last, UUID) else last
        cursor = self._cursors.seal([_text(part) for part in parts], about=self._about)
        again = dict(self.request.query_params) | {"after": cursor}
        self.response.headers["Link"] = f'<{self.request.url.path}?{urlencode(again)}>; rel="next"'
        return Page(data=data, next_cursor=cursor)

    @property
    def _about(self) -> str:
        asked = sorted(self.request.query_params.multi_items())
        filters = [one for one in asked if one[0] not in {"after", "limit"}]
        whose = self.request.headers.get("authorization", "")
        return f"{whose} {self.request.url.path} {filters}"

    @property
    def _cursors(self) -> Cursors:
        return self.request.app.state.cursors


def _text(part: str | datetime | UUID) -> str:
    return part.isoformat() if isinstance(part, datetime) else str(part)


ThisList = Annotated[Listing, Depends(Listing)]
