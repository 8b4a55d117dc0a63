"""Imports a table, or says what would come of it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from tocsin_common.errors import is_outage
from tocsin_common.group_commit import Overloaded
from tocsin_intake.acceptance.accepting import Accepting
from tocsin_intake.acceptance.answers import ReferenceReused
from tocsin_intake.imports.reader import Table
from tocsin_intake.imports.rows import Read, Refusal
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.schemas import ComplaintSubmission

AT_ONCE = 100  # rows in one group, so that others have their place in the queue too


class RowReceipt(BaseModel):
    """A worker's way back, for the hotline to pass on."""

    row: int
    """As a spreadsheet counts: the header is 1."""
    receipt: str


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
    receipts: list[RowReceipt] = []
    """Of this step's complaints, where they were asked for."""
    ignored_columns: list[int] = []
    """Columns, from 1, whose names are not known here: nothing of them is kept."""
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that is a complaint."""

    row: int
    new: bool
    receipt: str | None = None


Outcome = Taken | list[Refusal]
"""What a row brought, or why it was refused."""


async def steps(
    accepting: Accepting, hotline: Hotline, table: Table, *, dry_run: bool, receipts: bool
) -> AsyncGenerator[bytes]:
    """Accept row after row; tell each step as a line of JSON once it is durable.

    A receipt that passed through a file has been seen by others, as any that passed through a
    hotline: what it opens is little, until its bearer gets a number of their own (V8).

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
        step = _after(step, outcomes, receipts=receipts)
        yield _line(step)
    yield _line(step.model_copy(update={"refused": [], "receipts": [], "finished": True}))


async def _outcomes(
    accepting: Accepting, hotline: Hotline, some: Sequence[Read], *, dry_run: bool
) -> list[Outcome]:
    async def one(row: Read) -> Outcome:
        if not isinstance(row.said, ComplaintSubmission):
            return row.said
        if dry_run:
            return Taken(row.number, new=True)
        try:
            told, new = await accepting.outcome_for(hotline, row.said, None)
        except ReferenceReused as error:
            return [Refusal(row=row.number, field="external_ref", reason=error.code)]
        return Taken(row.number, new, told.receipt)

    return await asyncio.gather(*map(one, some))


def _after(step: ImportStep, outcomes: Sequence[Outcome], *, receipts: bool) -> ImportStep:
    refused = [one for outcome in outcomes if isinstance(outcome, list) for one in outcome]
    taken = [one for one in outcomes if isinstance(one, Taken)]
    new = sum(one.new for one in taken)
    return step.model_copy(
        update={
            "done": step.done + len(outcomes),
            "accepted": step.accepted + new,
            "repeated": step.repeated + len(taken) - new,
            "refused": refused,
            "receipts": [
                RowReceipt(row=one.row, receipt=one.receipt)
                for one in taken
                if receipts and one.receipt
            ],
        }
    )


def _line(step: ImportStep) -> bytes:
    return step.model_dump_json().encode() + b"\n"
