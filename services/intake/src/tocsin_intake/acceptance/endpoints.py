"""The HTTP edge for hotlines: translate the request, call the service, translate back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from tocsin_common.direct import Direct
from tocsin_intake.acceptance.accepting import Accepting
from tocsin_intake.auth import Hotline
from tocsin_intake.links import RECEIPT, each, links
from tocsin_intake.schemas import AcceptanceStatus, ComplaintReceipt, ComplaintSubmission

router = APIRouter(prefix="/v1/complaints", tags=["complaints"], route_class=Direct)


async def _accepting(request: Request) -> Accepting:
    return request.app.state.accepting


AcceptingComplaints = Annotated[Accepting, Depends(_accepting)]

IdempotencyKey = Annotated[
    str | None,
    Header(
        max_length=300,
        description="Any unique value, quoted or not: the same one is one complaint.",
        examples=['"8e03978e-40d5-43dd-bc93-6894a57f9324"'],
    ),
]


@router.post(
    "",
    status_code=201,
    responses=links(
        201, **each("open_receipt change_consent withdraw_complaint renew_receipt", RECEIPT)
    ),
)
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
