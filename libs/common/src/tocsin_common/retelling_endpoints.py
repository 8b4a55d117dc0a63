"""The operator's way to have everything told again: `tocsin retell` speaks to this."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from tocsin_common.auth import Operator
from tocsin_common.retelling import BEGINNING, Position, Retelling


class Chapters(BaseModel):
    """What can be told again: how many aggregates there are, by chapter, in the order of it."""

    aggregates: dict[str, int]


class GoOn(BaseModel):
    """Where to go on: in a chapter, after an id; without a chapter, at the beginning."""

    chapter: str | None = Field(default=None, max_length=64)
    after: UUID = BEGINNING


class ToldAgain(BaseModel):
    """What was told again of a chapter."""

    chapter: str
    told: int
    left_out: int = Field(description="Those that cannot be told any more.")
    waits: bool = Field(description="Much waits to be shipped, so nothing was told: ask again.")
    next: GoOn | None = Field(description="What to send next; `null` when all has been told.")


def router(retelling: Retelling) -> APIRouter:
    """The operations by which a service tells again what it told."""
    api = APIRouter(prefix="/v1/admin/retelling", tags=["operator"], dependencies=[Operator])

    @api.get("")
    async def list_chapters() -> Chapters:
        """Say what can be told again, and how much of it there is."""
        return Chapters(aggregates=dict(await retelling.totals()))

    @api.post("")
    async def tell_again(go_on: GoOn) -> ToldAgain:
        """Tell some of it again. Who has heard it does nothing, so twice is as good as once."""
        position = Position(go_on.chapter, go_on.after) if go_on.chapter else None
        step = await retelling.step(position)
        following = GoOn(chapter=step.next.chapter, after=step.next.after) if step.next else None
        return ToldAgain(
            chapter=step.chapter,
            told=step.told,
            left_out=step.left_out,
            waits=step.waits,
            next=following,
        )

    _ = list_chapters, tell_again
    return api
