"""Finds a complaint by a name its hotline knows it by, to add words to it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_intake.dialogue.messages import MOST

_NAMED = """
select k.complaint_id, k.wrapped, d.withdrawn_at is not null as withdrawn,
    exists (select from test_complaint t where t.complaint_id = k.complaint_id) as test,
    (select count(*) from message m where m.complaint_id = k.complaint_id) as messages
from acceptance a join complaint c on c.id = a.complaint_id
join data_key k on k.complaint_id = c.id left join dialogue d on d.complaint_id = c.id
where a.reference = $1 and c.integration_id = $2
"""


@dataclass(frozen=True, slots=True)
class Named:
    """A complaint, and whether more may be said."""

    complaint_id: UUID
    wrapped: bytes
    withdrawn: bool
    test: bool
    messages: int

    @property
    def closed(self) -> bool:
        """It was taken back, or has as many messages as it may have."""
        return self.withdrawn or self.messages >= MOST


async def find(tx: AsyncConnection, reference: bytes, integration_id: UUID) -> Named | None:
    """Return the complaint of this name, if the hotline has one."""
    row = await (await driver(tx)).fetchrow(_NAMED, reference, integration_id)
    return Named(**row) if row else None
