"""Lists in pages: how one is asked for, and how it says where the next begins (RFC 8288)."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import BaseModel, Field

from tocsin_buyer_portal_api.cursors import Cursors

LARGEST_PAGE = 200


class PageQuestion(BaseModel):
    """Which page of a list; a list with filters adds them."""

    after: str | None = Field(
        default=None,
        max_length=4000,
        description="The `next_cursor` of the page before; none: the first page.",
    )
    limit: int = Field(default=50, ge=1, le=LARGEST_PAGE, description="How many, at most.")


@dataclass(frozen=True, slots=True)
class Listing:
    """The list that a request asks for, among all lists."""

    request: Request
    response: Response

    def place(self, question: PageQuestion, whose: UUID | None = None) -> list[str] | None:
        """Return where the page begins, or `None` at the top.

        Raises:
            BadCursor: the cursor is not one of this list.
        """
        if question.after is None:
            return None
        return self._cursors.unseal(question.after, about=self._about(question, whose))

    def next_cursor(
        self, place: tuple[str, ...], question: PageQuestion, whose: UUID | None = None
    ) -> str:
        """Return the cursor of the page that begins after `place`, and tell it as a `Link`."""
        cursor = self._cursors.seal(place, about=self._about(question, whose))
        again = question.model_dump(mode="json", exclude_none=True) | {"after": cursor}
        self.response.headers["Link"] = f'<{self.request.url.path}?{urlencode(again)}>; rel="next"'
        return cursor

    def _about(self, question: PageQuestion, whose: UUID | None) -> str:
        filters = question.model_dump_json(exclude={"after", "limit"})
        return f"{whose} {self.request.url.path} {filters}"

    @property
    def _cursors(self) -> Cursors:
        return self.request.app.state.cursors


ThisList = Annotated[Listing, Depends(Listing)]
