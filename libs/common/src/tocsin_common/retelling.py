"""Tells the present state of every aggregate again: it fills a lost stream or a new read model.

What is told again has the kind, id and version it had before: whoever has heard it does nothing,
and an older state never passes a newer one (`heard`). Its event id is new, so no stream drops it
as a repeat. Left off anywhere, it may be begun again: what is told twice is heard once.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from tocsin_common import outbox
from tocsin_common.database import Database, driver
from tocsin_common.problems import Invalid
from tocsin_contracts.events.base import Event

AT_ONCE = 500  # aggregates in one transaction
MOST_WAITING = 2_000  # events in the outbox: what happens meanwhile goes out behind them
BEGINNING = UUID(int=0)

_WAITING = "select count(*) from (select from outbox limit $1) as waiting"


@dataclass(frozen=True, slots=True)
class Chapter:
    """The aggregates of one kind, told in the order of their ids, which says nothing of them."""

    name: str
    columns: str
    """What is read of each, beside its id."""
    source: str
    """The tables it is read from, as after `from`."""
    event: Callable[[Record], Event | None]
    """What is told of a row; `None`: it cannot be told any more."""
    id: str = "id"
    """The column of its id."""
    only: str = "true"
    """Which rows are told, as a condition."""
    lock: str = ""
    """What is locked, as after `for`; without it, one row must hold state and version."""
    at_once: int = AT_ONCE

    @property
    def page(self) -> str:
        """Some rows after the id `$1`, at most `$2`."""
        lock = f"for {self.lock}" if self.lock else ""
        return f"""
        select {self.id} as id, {self.columns} from {self.source}
        where {self.id} > $1 and {self.only} order by {self.id} limit $2 {lock}
        """  # noqa: S608 - of constants

    @property
    def count(self) -> str:
        """How many there are."""
        return f"select count(*) from {self.source} where {self.only}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Position:
    """Where to go on: in a chapter, after an id."""

    chapter: str
    after: UUID = BEGINNING


@dataclass(frozen=True, slots=True)
class Step:
    """What came of going on for a bit."""

    chapter: str
    told: int
    left_out: int
    """Those that cannot be told any more."""
    next: Position | None
    """`None`: all has been told."""
    waits: bool = False
    """Nothing was told, since the outbox is long: ask again in a moment."""


class UnknownChapter(Invalid):
    """Nothing is told under this name."""

    code = "unknown_chapter"
    detail = "This service tells nothing under that name; GET this path for the names."


class Retelling:
    """All that one service can tell again, some at a time: the caller remembers how far it is."""

    def __init__(
        self,
        database: Database,
        chapters: Sequence[Chapter] = (),
        first: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """Make it.

        Args:
            database: the service's own.
            chapters: what is told, in this order.
            first: what must be done before anything is told.
        """
        self.database = database
        self._chapters = list(chapters)
        self._names = [chapter.name for chapter in chapters]
        self._first = first

    async def totals(self) -> Mapping[str, int]:
        """How many aggregates there are in each chapter."""
        async with self.database.begin() as tx:
            connection = await driver(tx)
            return {one.name: await connection.fetchval(one.count) for one in self._chapters}

    async def step(self, position: Position | None) -> Step:
        """Tell some more, in one short transaction.

        Args:
            position: where to go on; `None`: at the beginning.

        Raises:
            UnknownChapter: `position` is in none of this service's.
        """
        if position is None and self._names:
            if self._first:
                await self._first()
            position = Position(self._names[0])
        if position is None or position.chapter not in self._names:
            raise UnknownChapter
        return await self._tell(self._names.index(position.chapter), position)

    async def _tell(self, number: int, position: Position) -> Step:
        chapter = self._chapters[number]
        async with self.database.begin() as tx:
            connection = await driver(tx)
            if await connection.fetchval(_WAITING, MOST_WAITING) >= MOST_WAITING:
                return Step(chapter.name, 0, 0, position, waits=True)
            rows = await connection.fetch(chapter.page, position.after, chapter.at_once)
            events = [event for row in rows if (event := chapter.event(row))]
            await outbox.record(tx, events)
        if len(rows) == chapter.at_once:
            following = Position(chapter.name, rows[-1]["id"])
        else:
            last = number + 1 == len(self._chapters)
            following = None if last else Position(self._names[number + 1])
        return Step(chapter.name, len(events), len(rows) - len(events), following)
