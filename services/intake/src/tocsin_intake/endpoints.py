"""Intake's HTTP edge for hotlines: translate the request, call the service, translate back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.group_commit import GroupCommit
from tocsin_common.telemetry import counter
from tocsin_intake import service
from tocsin_intake.auth import Hotline
from tocsin_intake.schemas import AcceptanceStatus, ComplaintReceipt, ComplaintSubmission
from tocsin_intake.service import Acceptor, Known, Member, Outcome

router = APIRouter(prefix="/v1/complaints", tags=["complaints"])

accepted = counter("accepted_total", "Complaints that are durable, new or repeated", ["outcome"])
_new, _repeat = accepted.labels("new"), accepted.labels("repeat")

Storing = GroupCommit[AsyncConnection, Member, Outcome]


async def _accepting(request: Request) -> "Accepting":
    return request.app.state.accepting


class Accepting:
    """How a complaint becomes durable: decided alone, written together with others."""

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
        member = self.acceptor.accept(hotline, submission, idempotency_key)
        outcome = await self._storing.join(member)
        known = isinstance(outcome, Known)
        (_repeat if known else _new).inc()
        return service.answer(self.acceptor, member, outcome), not known


AcceptingComplaints = Annotated[Accepting, Depends(_accepting)]

IdempotencyKey = Annotated[
    str | None,
    Header(
        max_length=300,
        description="Any unique value, quoted or not: the same one is one complaint.",
        examples=['"8e03978e-40d5-43dd-bc93-6894a57f9324"'],
    ),
]


@router.post("", status_code=201)
async def submit_complaint(
    submission: ComplaintSubmission,
    hotline: Hotline,
    accepting: AcceptingComplaints,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> ComplaintReceipt:
    """Accept a complaint from a hotline; it is stored for good when this answers 201.

    Sending the same `Idempotency-Key` or `external_ref` again is answered with the same
    complaint. Give the receipt to the worker: it is the only way back. An informational call
    (`nature`) is counted, nothing of it is kept, and there is no receipt.
    """
    plain = idempotency_key.strip().strip('"') if idempotency_key else None
    receipt = await accepting.receipt_for(hotline, submission, plain)
    if receipt.status is AcceptanceStatus.ALREADY_RECEIVED:
        response.status_code = 200
    return receipt
