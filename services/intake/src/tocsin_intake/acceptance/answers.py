"""What a hotline is told became of its request."""

from datetime import UTC, datetime, timedelta

from tocsin_common.problems import Invalid
from tocsin_intake.acceptance.counting import Counted
from tocsin_intake.acceptance.service import Accepted, Acceptor, Known, Member, Outcome, Unclaimed
from tocsin_intake.schemas import AcceptanceStatus, ComplaintReceipt

RECEIPT_REPEATED = timedelta(hours=24)  # after that a repeat is answered without it


class ReferenceReused(Invalid):
    """The same reference stood for another complaint before."""

    code = "reference_reused"
    detail = (
        "This Idempotency-Key or external_ref was used for a complaint with other contents. "
        "Nothing was stored; use a new one."
    )


class AttachmentUnknown(Invalid):
    """Nothing was stored: a complaint without its evidence would look complete."""

    code = "attachment_unknown"
    detail = (
        "One of `attachments` was not uploaded by this hotline, belongs to another complaint or "
        "has expired. Nothing was stored; upload it again."
    )


def answer(acceptor: Acceptor, member: Member, outcome: Outcome) -> ComplaintReceipt:
    """Tell a hotline what became of its request.

    A repeat with the same body is given the receipt again for a day, unless the worker has used
    it (protection V3).

    Raises:
        ReferenceReused: the body is another.
        AttachmentUnknown: it names what it cannot have.
    """
    if isinstance(outcome, Unclaimed):
        raise AttachmentUnknown
    if isinstance(outcome, Accepted):
        return ComplaintReceipt(
            complaint_id=outcome.complaint_id,
            status=AcceptanceStatus.RECEIVED,
            receipt=outcome.receipt,
        )
    if isinstance(outcome, Known) and outcome.erased:
        return ComplaintReceipt(
            complaint_id=outcome.complaint_id, status=AcceptanceStatus.ALREADY_RECEIVED
        )
    if isinstance(outcome, Counted) or isinstance(member, Counted):
        return _counted(member, outcome)
    if outcome.body_hash != member.body_hash or not outcome.received_at:
        raise ReferenceReused
    fresh = datetime.now(UTC) - outcome.received_at < RECEIPT_REPEATED
    if fresh and not outcome.receipt_used and (receipt := acceptor.receipt_of(outcome)):
        return ComplaintReceipt(
            complaint_id=outcome.complaint_id,
            status=AcceptanceStatus.RECEIVED,
            receipt=receipt,
        )
    return ComplaintReceipt(
        complaint_id=outcome.complaint_id, status=AcceptanceStatus.ALREADY_RECEIVED
    )


def _counted(member: Member, outcome: Counted | Known) -> ComplaintReceipt:
    was_counted = isinstance(outcome, Counted) or outcome.body_hash is None
    if not (was_counted and isinstance(member, Counted)):
        raise ReferenceReused
    return ComplaintReceipt(complaint_id=outcome.complaint_id, status=AcceptanceStatus.COUNTED)
