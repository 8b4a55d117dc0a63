"""How a complaint becomes durable: decided alone, written together with others."""

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.group_commit import GroupCommit
from tocsin_common.telemetry import counter
from tocsin_intake.acceptance import answers
from tocsin_intake.acceptance.service import Acceptor, Known, Member, Outcome
from tocsin_intake.integrations import Hotline
from tocsin_intake.schemas import ComplaintReceipt, ComplaintSubmission

accepted = counter("accepted_total", "Complaints that are durable, new or repeated", ["outcome"])
_new, _repeat = accepted.labels("new"), accepted.labels("repeat")

Storing = GroupCommit[AsyncConnection, Member, Outcome]


class Accepting:
    """The one acceptance, in which every way in ends."""

    def __init__(self, acceptor: Acceptor, storing: Storing) -> None:
        self.acceptor = acceptor
        self._storing = storing

    async def receipt_for(
        self, hotline: Hotline, submission: ComplaintSubmission, idempotency_key: str | None
    ) -> ComplaintReceipt:
        """Return once the complaint is stored, or was before.

        Raises:
            ReferenceReused: its reference stood for another complaint.
            Overloaded: nothing was done; send it again.
        """
        receipt, _ = await self.outcome_for(hotline, submission, idempotency_key)
        return receipt

    async def outcome_for(
        self, hotline: Hotline, submission: ComplaintSubmission, idempotency_key: str | None
    ) -> tuple[ComplaintReceipt, bool]:
        """The same, and whether it is new."""
        begun = self.begin(hotline, submission, idempotency_key)
        return self._told(begun.member, await begun.outcome)

    def begin(
        self, hotline: Hotline, submission: ComplaintSubmission, idempotency_key: str | None
    ) -> "Begun":
        """Decide, and let it be stored; for who begins many and waits for them later.

        Raises:
            Overloaded: nothing was done; send it again.
        """
        member = self.acceptor.accept(hotline, submission, idempotency_key)
        return Begun(member, self._storing.enter(member))

    async def ended(self, begun: "Begun") -> ComplaintReceipt:
        """Return once it is stored, or was before.

        Raises:
            ReferenceReused: its reference stood for another complaint.
        """
        return self._told(begun.member, await begun.outcome)[0]

    def _told(self, member: Member, outcome: Outcome) -> tuple[ComplaintReceipt, bool]:
        known = isinstance(outcome, Known)
        (_repeat if known else _new).inc()
        return answers.answer(self.acceptor, member, outcome), not known


@dataclass(frozen=True, slots=True)
class Begun:
    """A complaint that is decided, and what becomes of it."""

    member: Member
    outcome: "asyncio.Future[Outcome]"
