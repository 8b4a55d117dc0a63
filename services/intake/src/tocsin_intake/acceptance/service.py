"""Deciding about one complaint alone: sealed, with everything that will be written of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from tocsin_common import outbox
from tocsin_common.keyed import keyed_hash
from tocsin_contracts.events.complaints import ComplaintReceived, Reported
from tocsin_contracts.ids import new_amber_id
from tocsin_intake import receipts
from tocsin_intake.acceptance import counting, sources
from tocsin_intake.acceptance.counting import Counted
from tocsin_intake.acceptance.references import Kind, reference
from tocsin_intake.integrations import Hotline
from tocsin_intake.media import waiting
from tocsin_intake.schemas import ComplaintSubmission, Nature
from tocsin_intake.vault import Account, Contact, Sealed, Vault

NOT_FACTS = {
    "sealed",
    "public_key",
    "event_id",
    "complaint_id",
    "integration_id",
    "version",
    "occurred_at",
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A complaint, decided and sealed in its own request, waiting to be written with others."""

    complaint_id: UUID
    integration_id: UUID
    references: tuple[bytes, ...]
    body_hash: bytes
    receipt: str
    receipt_hash: bytes
    sealed: Sealed
    facts: str
    event: ComplaintReceived
    told: outbox.Prepared
    attachments: tuple[UUID, ...]
    media: tuple[waiting.Waiting, ...]
    test: bool
    """By a test key: it is kept for a while and told to nobody."""

    @property
    def received_at(self) -> datetime:
        return self.event.occurred_at


@dataclass(frozen=True, slots=True)
class Known:
    """What was accepted before under one of the same references."""

    complaint_id: UUID
    received_at: datetime | None
    body_hash: bytes | None
    """`None`: it was an informational call, of which nothing is kept."""
    receipt_hash: bytes | None
    receipt_used: bool
    erased: bool = False
    """It was erased, and does not come back by being sent again."""

    def is_said_by(self, member: "Member") -> bool:
        """Whether `member` is this again, and not something else under one of its references."""
        return self.erased or self.body_hash == (
            None if isinstance(member, counting.Counted) else member.body_hash
        )


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """It names attachments that it cannot have, so nothing of it was stored."""

    complaint_id: UUID


Member = Accepted | Counted
"""What joins the group: each has references, and an id of its own."""
Outcome = Member | Known | Unclaimed
"""What becomes of each: it is itself, or repeats what was accepted before, or cannot be."""


class Acceptor:
    """Decides about one complaint alone; pure but for fresh ids and keys."""

    def __init__(self, vault: Vault, hash_key: bytes, receipt_keys: Sequence[bytes]) -> None:
        self._vault = vault
        self._hash_key = hash_key
        self._receipt_keys = receipt_keys

    def accept(
        self, hotline: Hotline, submission: ComplaintSubmission, idempotency_key: str | None
    ) -> Member:
        """Seal a complaint and make everything that will be written of it."""
        references = self._references(hotline, submission.external_ref, idempotency_key)
        if submission.nature is Nature.INFORMATIONAL:
            return counting.of(
                hotline.integration_id, references, submission.issues, test=hotline.test
            )
        complaint_id = new_amber_id()
        receipt = receipts.derive(self._receipt_keys[0], complaint_id)
        complete = hotline.defaults.complete(submission)
        reported = self._reported(complete)
        sealed = self._vault.seal(
            complaint_id,
            Account(words=submission.words, reported=reported, media=submission.media),
            _contact(hotline, submission),
            hotline.contact_key,
        )
        event = _event(complaint_id, hotline, complete, sealed)
        return Accepted(
            complaint_id=complaint_id,
            integration_id=hotline.integration_id,
            references=references,
            body_hash=keyed_hash(self._hash_key, "body", _said(submission)),
            receipt=receipt,
            receipt_hash=receipts.hash_of(self._hash_key, receipt),
            sealed=sealed,
            facts=event.model_dump_json(exclude=NOT_FACTS),
            event=event,
            told=outbox.prepare(event),
            attachments=submission.attachments,
            media=waiting.of(self._hash_key, complaint_id, submission.media, sealed.media),
            test=hotline.test,
        )

    def receipt_of(self, known: Known) -> str | None:
        """The receipt of a complaint that was accepted before, if one of our keys made it."""
        derived = (receipts.derive(key, known.complaint_id) for key in self._receipt_keys)
        stored = known.receipt_hash
        return next(
            (one for one in derived if receipts.hash_of(self._hash_key, one) == stored), None
        )

    def _reported(self, submission: ComplaintSubmission) -> Reported:
        facility, tags = submission.facility, self._vault.tags
        reported = Reported(facility_name=facility.name, facility_address=facility.address)
        if source := submission.source:
            return tags.reported(reported, source.kind, sources.plain(source.kind, source.handle))
        if attested := submission.attestation.reference:
            return tags.reported(reported, "attested", attested)
        return reported

    def _references(
        self, hotline: Hotline, external_ref: str | None, idempotency_key: str | None
    ) -> tuple[bytes, ...]:
        named: tuple[tuple[Kind, str | None], ...] = (
            ("external_ref", external_ref),
            ("idempotency-key", idempotency_key),
        )
        return tuple(
            reference(self._hash_key, hotline, kind, value) for kind, value in named if value
        )


def _said(submission: ComplaintSubmission) -> str:
    """What tells two bodies apart; a field left out is as good as one with its default.

    So the same body is the same to a later version, which may know more fields.
    """
    return submission.model_dump_json(exclude_defaults=True)


def _contact(hotline: Hotline, submission: ComplaintSubmission) -> Contact | None:
    """How to reach whoever agreed to it; where nothing was said, as the hotline's consent says."""
    consent = submission.consent
    asked = "contact_me" in consent.model_fields_set
    usual = hotline.notices is not None and hotline.notices.contact_me
    if not (consent.contact_me if asked else usual):
        return None
    return Contact(said=submission.contact, address=submission.reply_to)


def _event(
    complaint_id: UUID, hotline: Hotline, submission: ComplaintSubmission, sealed: Sealed
) -> ComplaintReceived:
    defaults, facility = hotline.defaults, submission.facility
    return ComplaintReceived(
        complaint_id=complaint_id,
        integration_id=hotline.integration_id,
        occurred_at=datetime.now(UTC),
        channel=submission.channel or defaults.channel,
        language=submission.language or defaults.language,
        os_id=facility.os_id,
        country=facility.country or defaults.country,
        issues=submission.issues,
        happened_on=submission.happened_on,
        happened_until=submission.happened_until,
        workers_affected=submission.workers_affected,
        immediate_danger=submission.immediate_danger,
        retaliation=submission.retaliation,
        relation=submission.relation,
        share=submission.consent.share,
        supplier_contact=submission.consent.contact_supplier,
        genuine=submission.attestation.genuine,
        members=submission.attestation.members,
        attachments=len(submission.attachments) + len(submission.media),
        sealed=sealed.for_cases,
        public_key=sealed.public_key,
    )
