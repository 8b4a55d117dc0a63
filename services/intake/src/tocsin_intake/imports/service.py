"""Imports a table, or says what would come of it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from tocsin_common.errors import is_outage
from tocsin_common.group_commit import Overloaded
from tocsin_intake.acceptance.accepting import Accepting
from tocsin_intake.acceptance.answers import ReferenceReused
from tocsin_intake.imports import rows, tables
from tocsin_intake.imports.rows import Read, Refusal
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.schemas import ComplaintSubmission

AT_ONCE = 100  # rows in one group, so that others have their place in the queue too


class ImportStep(BaseModel):
    """How far an import is. The last one says `finished`; without it, send the file again."""

    rows: int
    """All that have something in them."""
    done: int = 0
    accepted: int = 0
    """New complaints; in a dry run, those that would be taken."""
    repeated: int = 0
    """Known from before: nothing changed."""
    refused: list[Refusal] = []
    """Of this step."""
    ignored_columns: list[int] = []
    """Columns, from 1, whose names are not known here: nothing of them is kept."""
    finished: bool = False


Outcome = bool | list[Refusal]
"""Whether a row brought something new, or why it was refused."""


@dataclass(frozen=True)
class Table:
    """A file that was read, in memory only."""

    rows: list[Read]
    ignored_columns: list[int]


async def read_table(content: bytes) -> Table:
    """Read a file beside the event loop.

    Raises:
        NotATable, TableTooLarge, NoWordsColumn, ColumnTwice: it cannot be imported.
    """
    return await asyncio.to_thread(_read, content)


def _read(content: bytes) -> Table:
    header, *others = tables.rows_of(content) or [()]
    columns = rows.columns_of(header)
    return Table(rows=list(rows.read(columns, others)), ignored_columns=columns.ignored)


async def steps(
    accepting: Accepting, hotline: Hotline, table: Table, *, dry_run: bool
) -> AsyncGenerator[bytes]:
    """Accept row after row; tell each step as a line of JSON once it is durable.

    Ends early, without its last line, when intake is overloaded or its database away.
    """
    step = ImportStep(rows=len(table.rows), ignored_columns=table.ignored_columns)
    for at in range(0, len(table.rows), AT_ONCE):
        some = table.rows[at : at + AT_ONCE]
        try:
            outcomes = await _outcomes(accepting, hotline, some, dry_run=dry_run)
        except Exception as error:
            if isinstance(error, Overloaded) or is_outage(error):
                return
            raise
        step = _after(step, outcomes)
        yield _line(step)
    yield _line(step.model_copy(update={"refused": [], "finished": True}))


async def _outcomes(
    accepting: Accepting, hotline: Hotline, some: Sequence[Read], *, dry_run: bool
) -> list[Outcome]:
    async def one(row: Read) -> Outcome:
        if not isinstance(row.said, ComplaintSubmission):
            return row.said
        if dry_run:
            return True
        try:
            return (await accepting.outcome_for(hotline, row.said, None))[1]
        except ReferenceReused as error:
            return [Refusal(row=row.number, field="external_ref", reason=error.code)]

    return await asyncio.gather(*map(one, some))


def _after(step: ImportStep, outcomes: Sequence[Outcome]) -> ImportStep:
    refused = [one for outcome in outcomes if isinstance(outcome, list) for one in outcome]
    repeated = outcomes.count(False)
    return step.model_copy(
        update={
            "done": step.done + len(outcomes),
            "accepted": step.accepted + outcomes.count(True),
            "repeated": step.repeated + repeated,
            "refused": refused,
        }
    )


def _line(step: ImportStep) -> bytes:
    return step.model_dump_json().encode() + b"\n"
