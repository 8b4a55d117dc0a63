"""What a hotline's own system says later of what it sent before: it follows a complaint."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import Database, driver
from tocsin_contracts.events.complaints import Author
from tocsin_intake.acceptance.references import Kind, reference
from tocsin_intake.dialogue import agreeing, named, service
from tocsin_intake.dialogue.agreeing import Standing
from tocsin_intake.dialogue.consent import Agreement
from tocsin_intake.dialogue.named import Named
from tocsin_intake.integrations import Hotline
from tocsin_intake.media import waiting
from tocsin_intake.schemas import ConsentGiven, Media
from tocsin_intake.vault import Vault
from tocsin_intake.vault.sealing import MEDIA

_ALSO = """
insert into acceptance (reference, complaint_id) values ($1, $2) on conflict do nothing
returning true
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What follows."""

    own: str
    """The system's own name for it; from then on it names the complaint, too."""
    words: str = ""
    media: Sequence[Media] = ()
    consent: ConsentGiven | None = None
    """What is agreed to now; `None`: that is not what this is about."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of what follows a complaint."""

    complaint_id: UUID
    closed: bool
    """It takes no more: no words or files were stored."""


class Following:
    """Adds to complaints by the names under which hotlines' systems know them."""

    def __init__(self, database: Database, vault: Vault, hash_key: bytes) -> None:
        self._database = database
        self._vault = vault
        self._hash_key = hash_key

    async def add(
        self, hotline: Hotline, of: tuple[Kind, str], said: Said, *, after_others: bool = False
    ) -> Followed | None:
        """Store what was said, once however often it comes.

        Less consent counts at once, as if the worker had said so; more is only noted in the
        words, since a hotline cannot give it (protection V8).

        Args:
            hotline: whose system it is.
            of: what it follows.
            said: what is said now.
            after_others: only where words were added before; else the complaint says this.

        Returns `None` where nothing of that name is a complaint.
        """
        async with self._database.begin() as tx:
            name = reference(self._hash_key, hotline, *of)
            found = await named.find(tx, name, hotline.integration_id)
            if found is None:
                return None
            nothing = not (said.words or said.media)
            if nothing or (after_others and not found.messages):
                return Followed(found.complaint_id, closed=False)
            stands = await agreeing.standing(tx, found.complaint_id)
            if stands is None or found.withdrawn:
                return Followed(found.complaint_id, closed=True)
            also = reference(self._hash_key, hotline, "external_ref", said.own)
            new = await (await driver(tx)).fetchval(_ALSO, also, found.complaint_id)
            if new and said.consent:
                await _narrow(tx, found, stands, said.consent)
            if found.closed:
                return Followed(found.complaint_id, closed=True)
            await self._store(tx, hotline, found, said)
            return Followed(found.complaint_id, closed=False)

    async def _store(self, tx: AsyncConnection, hotline: Hotline, found: Named, said: Said) -> None:
        key, words = self._vault.compartment(found.complaint_id, found.wrapped), said.words
        sealed = [key.seal(MEDIA, one.model_dump_json()) for one in said.media]
        files = waiting.of(self._hash_key, found.complaint_id, said.media, sealed)
        if left := await waiting.note_more(tx, found.complaint_id, hotline.integration_id, files):
            words = f"{words}\n[{left} more files than are kept]".lstrip()
        if words:
            told = not found.test
            hotlines = Author.HOTLINE
            await service.add_message(tx, self._hash_key, key, hotlines, words, said.own, told=told)


async def _narrow(
    tx: AsyncConnection, found: Named, stands: Standing, consent: ConsentGiven
) -> None:
    """Let less be agreed to, where less is said."""
    narrowed = stands.agreed.narrowed(_said(consent, stands))
    if narrowed != stands.agreed:
        await agreeing.settle(tx, found.complaint_id, narrowed, told=not found.test)


def _said(consent: ConsentGiven, stands: Standing) -> Agreement:
    """What is agreed to; what is left out takes nothing back that was said elsewhere since."""
    said, before = consent.model_fields_set, stands.agreed
    whole = stands.version == 0
    return Agreement(
        consent.share if whole or "share" in said else before.share,
        consent.contact_supplier
        if whole or "contact_supplier" in said
        else before.supplier_contact,
        consent.contact_me if whole or "contact_me" in said else before.contact_me,
    )
