"""How a translation becomes durable: complaints by the one acceptance, the rest set aside."""

import asyncio
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request

from tocsin_intake.acceptance.accepting import Accepting
from tocsin_intake.acceptance.answers import ReferenceReused
from tocsin_intake.adapters.payloads import Translation
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.quarantine.service import Quarantine
from tocsin_intake.schemas import ComplaintReceipt, ComplaintSubmission


class Receiving:
    """Takes what adapters translated; returns once all of it is stored."""

    def __init__(self, accepting: Accepting, quarantine: Quarantine) -> None:
        self._accepting = accepting
        self.quarantine = quarantine

    async def take(self, hotline: Hotline, translation: Translation) -> list[ComplaintReceipt]:
        """Store every complaint, and keep what was not understood.

        Raises:
            Overloaded: send it again; what is stored already is answered as a repeat.
        """
        await self.quarantine.keep(
            hotline,
            [(one.reason, one.payload.model_dump_json()) for one in translation.unknown],
        )
        return await self.accept(hotline, translation)

    async def accept(self, hotline: Hotline, translation: Translation) -> list[ComplaintReceipt]:
        """Store every complaint."""
        return await asyncio.gather(*(self._one(hotline, one) for one in translation.complaints))

    async def _one(self, hotline: Hotline, complaint: ComplaintSubmission) -> ComplaintReceipt:
        """Accept one; the same id with other contents is another complaint, never an error.

        The system that sent it could do nothing about an error, and would drop it.
        """
        try:
            return await self._accepting.receipt_for(hotline, complaint, None)
        except ReferenceReused:
            digest = sha256(complaint.model_dump_json().encode()).hexdigest()
            plain = complaint.model_copy(update={"external_ref": None})
            return await self._accepting.receipt_for(hotline, plain, f"other contents {digest}")


async def _receiving(request: Request) -> Receiving:
    return request.app.state.receiving


Receives = Annotated[Receiving, Depends(_receiving)]
