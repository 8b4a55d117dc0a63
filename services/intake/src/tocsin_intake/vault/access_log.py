"""Who opened what, why and when: a chain in which no row can be changed or taken out unseen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, select

from tocsin_common.database import driver
from tocsin_common.keyed import keyed_hash
from tocsin_intake.vault.models import Opening

WRITING = 7_463_241_905_131  # the advisory lock of whoever adds to the chain
AT_ONCE = 1000  # rows read at a time

_LAST = "select seq, hash from opening order by seq desc limit 1"
_COVERED = (
    "seq", "opened_at", "complaint_id", "integration_id", "officer_id", "second_officer_id",
    "reason", "token_id", "second_token_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends."""

    seq: int = 0
    hash: bytes = b""


class ChainBroken(Exception):
    """A row was changed, added or taken out by somebody who does not know the key."""

    def __init__(self, seq: int) -> None:
        super().__init__("chain_broken")
        self.seq = seq
        """The first row that is not as it was written."""


async def lock(tx: AsyncConnection) -> None:
    """Let nobody else open anything until this transaction is over: openings are counted."""
    await (await driver(tx)).execute("select pg_advisory_xact_lock($1)", WRITING)


async def add(tx: AsyncConnection, key: bytes, **opening: Any) -> None:
    """Add a row to the end of the chain; the caller holds the lock."""
    last = await (await driver(tx)).fetchrow(_LAST)
    head = Head(last["seq"], last["hash"]) if last else Head()
    without = {"second_officer_id": None, "second_token_id": None, "attachment_id": None}
    row = {**without, **opening, "seq": head.seq + 1}
    await tx.execute(insert(Opening).values(**row, hash=_link(key, head.hash, row)))


async def verify(tx: AsyncConnection, key: bytes, remembered: Head = Head()) -> Head:
    """Read the whole chain; return where it ends.

    Args:
        tx: the transaction.
        key: what the chain was made with.
        remembered: where it once ended; it must still be there, so that its end is not cut off.

    Raises:
        ChainBroken: it is not as it was written.
    """
    head, seen = Head(), remembered.seq == 0
    while True:
        query = select(Opening).where(col(Opening.seq) > head.seq)
        rows = (await tx.execute(query.order_by(col(Opening.seq)).limit(AT_ONCE))).mappings().all()
        for row in rows:
            if row["seq"] != head.seq + 1 or row["hash"] != _link(key, head.hash, row):
                raise ChainBroken(head.seq + 1)
            head = Head(row["seq"], row["hash"])
            if head.seq == remembered.seq:
                seen = head == remembered
        if len(rows) < AT_ONCE:
            break
    if not seen:
        raise ChainBroken(min(head.seq, remembered.seq))
    return head


def _link(key: bytes, before: bytes, row: Mapping[Any, Any]) -> bytes:
    said = (str(row[name]) if row[name] is not None else "" for name in _COVERED)
    file = row["attachment_id"]  # openings of words are covered as they always were
    return keyed_hash(key, "opening", before, *said, *([str(file)] if file else []))
