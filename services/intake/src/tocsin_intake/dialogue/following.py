"""What a hotline's own system says later of what it sent before: words that follow a complaint."""

from dataclasses import dataclass
from uuid import UUID

from tocsin_common.database import Database, driver
from tocsin_contracts.events.complaints import Author
from tocsin_intake.acceptance.references import Kind, reference
from tocsin_intake.dialogue import named, service
from tocsin_intake.integrations import Hotline
from tocsin_intake.vault import Vault

_ALSO = """
insert into acceptance (reference, complaint_id) values ($1, $2) on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of words that follow a complaint."""

    complaint_id: UUID
    closed: bool
    """It takes no more: nothing was stored."""


class Following:
    """Adds words to complaints by the names under which hotlines' systems know them."""

    def __init__(self, database: Database, vault: Vault, hash_key: bytes) -> None:
        self._database = database
        self._vault = vault
        self._hash_key = hash_key

    async def add(
        self,
        hotline: Hotline,
        of: tuple[Kind, str],
        own: str,
        words: str,
        *,
        after_others: bool = False,
    ) -> Followed | None:
        """Store words sealed, once however often they come; from then on `own` names them too.

        Args:
            hotline: whose system it is.
            of: what the words follow.
            own: the system's own name for them.
            words: what is said now.
            after_others: only where others were added before; else the complaint says this.

        Returns `None` where nothing of that name is a complaint.
        """
        async with self._database.begin() as tx:
            name = reference(self._hash_key, hotline, *of)
            found = await named.find(tx, name, hotline.integration_id)
            if found is None:
                return None
            if not words or (after_others and not found.messages):
                return Followed(found.complaint_id, closed=False)
            if found.closed:
                return Followed(found.complaint_id, closed=True)
            await service.add_message(
                tx,
                self._hash_key,
                self._vault.compartment(found.complaint_id, found.wrapped),
                Author.HOTLINE,
                words,
                own,
                told=not found.test,
            )
            also = reference(self._hash_key, hotline, "external_ref", own)
            await (await driver(tx)).execute(_ALSO, also, found.complaint_id)
            return Followed(found.complaint_id, closed=False)
