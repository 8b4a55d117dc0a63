"""Intake's rules: accept each complaint once, seal it, tell it, and show where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common import outbox
from tocsin_common.database import driver
from tocsin_common.keyed import keyed_hash
from tocsin_common.listening import Told
from tocsin_common.problems import Invalid
from tocsin_contracts.events.cases import ComplaintStatusChanged
from tocsin_contracts.events.complaints import ComplaintReceived, Reported
from tocsin_contracts.ids import new_amber_id
from tocsin_intake import counting, receipts, sources, testing
from tocsin_intake.attachments import claims as attachments
from tocsin_intake.counting import Counted
from tocsin_intake.integrations import Hotline
from tocsin_intake.schemas import (
    AcceptanceStatus,
    ComplaintReceipt,
    ComplaintSubmission,
    Nature,
)
from tocsin_intake.vault import Account, Sealed, Vault

NOT_FACTS = {
    "sealed",
    "public_key",
    "event_id",
    "complaint_id",
    "integration_id",
    "version",
    "occurred_at",
}
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
    test: bool
    """By a test key: it is kept for a while and told to nobody."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was accepted before under one of the same references."""

    complaint_id: UUID
    received_at: datetime | None
    body_hash: bytes | None
    """`None`: it was an informational call, of which nothing is kept."""
    receipt_used: bool
    erased: bool = False
    """It was erased, and does not come back by being sent again."""


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

    def __init__(self, vault: Vault, hash_key: bytes, receipt_key: bytes) -> None:
        self._vault = vault
        self._hash_key = hash_key
        self._receipt_key = receipt_key

    def accept(
        self, hotline: Hotline, submission: ComplaintSubmission, idempotency_key: str | None
    ) -> "Member":
        """Seal a complaint and make everything that will be written of it."""
        references = self._references(hotline, submission.external_ref, idempotency_key)
        if submission.nature is Nature.INFORMATIONAL:
            return counting.of(
                hotline.integration_id, references, submission.issues, test=hotline.test
            )
        complaint_id = new_amber_id()
        receipt = receipts.derive(self._receipt_key, complaint_id)
        complete = hotline.defaults.complete(submission)
        reported = self._reported(complete)
        sealed = self._vault.seal(
            complaint_id,
            Account(words=submission.words, reported=reported, media=submission.media),
            submission.contact if submission.consent.contact_me else None,
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
            test=hotline.test,
        )

    def receipt_of(self, complaint_id: UUID) -> str:
        """The receipt of a complaint that was accepted before."""
        return receipts.derive(self._receipt_key, complaint_id)

    def _reported(self, submission: ComplaintSubmission) -> Reported:
        kind = tag = None
        if submission.source:
            kind = submission.source.kind
            tag = self._vault.tag(kind, sources.plain(kind, submission.source.handle))
        elif submission.attestation.reference:
            kind = "attested"
            tag = self._vault.tag(kind, submission.attestation.reference)
        return Reported(
            facility_name=submission.facility.name,
            facility_address=submission.facility.address,
            source_kind=kind,
            source_tag=tag,
        )

    def _references(
        self, hotline: Hotline, external_ref: str | None, idempotency_key: str | None
    ) -> tuple[bytes, ...]:
        named = (("external_ref", external_ref), ("idempotency-key", idempotency_key))
        scope = hotline.integration_id.bytes + (b"test" if hotline.test else b"")
        return tuple(
            keyed_hash(self._hash_key, kind, scope, value) for kind, value in named if value
        )


def _said(submission: ComplaintSubmission) -> str:
    """What tells two bodies apart; a field left out is as good as one with its default.

    So the same body is the same to a later version, which may know more fields.
    """
    return submission.model_dump_json(exclude_defaults=True)


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
        attachments=len(submission.attachments),
        sealed=sealed.for_cases,
        public_key=sealed.public_key,
    )


_CLAIM = """
insert into acceptance (reference, complaint_id)
select * from unnest($1::bytea[], $2::uuid[])
on conflict do nothing returning reference
"""
_KNOWN = """
select a.reference, a.complaint_id as id, c.received_at, c.body_hash,
    c.receipt_used_at is not null as used, e.complaint_id is not null as erased
from acceptance a left join complaint c on c.id = a.complaint_id
left join erasure e on e.complaint_id = a.complaint_id
where a.reference = any($1::bytea[])
"""
_POINT_ELSEWHERE = """
update acceptance set complaint_id = elsewhere.complaint_id
from unnest($1::bytea[], $2::uuid[]) as elsewhere(reference, complaint_id)
where acceptance.reference = elsewhere.reference
"""
_STORE = """
with stored as (
    insert into complaint (id, integration_id, received_at, facts, body_hash, receipt_hash, status)
    select *, 'received' from unnest(
        $1::uuid[], $2::uuid[], $3::timestamptz[], $4::jsonb[], $5::bytea[], $6::bytea[]
    )
), keys as (
    insert into data_key (complaint_id, wrapped) select * from unnest($1::uuid[], $7::bytea[])
)
insert into vault_entry (complaint_id, words, contact)
select * from unnest($1::uuid[], $8::bytea[], $9::bytea[])
"""


async def store_complaints(tx: AsyncConnection, members: Sequence[Member]) -> Sequence[Outcome]:
    """Store and tell what is new; return each member itself, or the complaint it repeats.

    Complaints with a common reference are one complaint, whether they arrive together, in two
    processes at once, or years apart.
    """
    connection = await driver(tx)
    points_to, known = await _claim_references(connection, members)
    new: dict[UUID, Member] = {}
    elsewhere: dict[bytes, UUID] = {}
    outcome: list[Outcome] = []
    for member in members:
        own = member.complaint_id
        first = next((points_to[one] for one in member.references if points_to[one] != own), own)
        if first == own:
            new[own] = member
            outcome.append(member)
            continue
        outcome.append(known[first] if first in known else _as_known(new[first]))
        moved = {one: first for one in member.references if points_to[one] == own}
        points_to |= moved
        elsewhere |= moved
    if elsewhere:
        await connection.execute(_POINT_ELSEWHERE, list(elsewhere), list(elsewhere.values()))
    accepted = [member for member in new.values() if isinstance(member, Accepted)]
    if short := await attachments.claim(connection, accepted):
        accepted = [member for member in accepted if member.complaint_id not in short]
        outcome = [Unclaimed(i) if (i := one.complaint_id) in short else one for one in outcome]
    if accepted:
        await _store(connection, accepted)
        await outbox.record(tx, [member.told for member in accepted if not member.test])
        await testing.mark(connection, [one.complaint_id for one in accepted if one.test])
    if counted := [member for member in new.values() if isinstance(member, Counted)]:
        await counting.count(connection, counted)
    return outcome


async def _claim_references(
    connection: "asyncpg.Connection[asyncpg.Record]", members: Sequence[Member]
) -> tuple[dict[bytes, UUID], dict[UUID, Known]]:
    """Say to which complaint each reference points, and what is known of those stored before.

    References are claimed in key order, so that two processes never wait for each other
    crosswise; one that meets another's claim waits until that has committed.
    """
    points_to: dict[bytes, UUID] = {}
    for member in members:
        for reference in member.references:
            points_to.setdefault(reference, member.complaint_id)
    if not points_to:
        return points_to, {}
    references = sorted(points_to)
    claimed = await connection.fetch(_CLAIM, references, [points_to[one] for one in references])
    if len(claimed) == len(references):
        return points_to, {}
    before = points_to.keys() - {row["reference"] for row in claimed}
    rows = await connection.fetch(_KNOWN, list(before))
    known = {
        row["id"]: Known(
            row["id"], row["received_at"], row["body_hash"], row["used"], erased=row["erased"]
        )
        for row in rows
    }
    return points_to | {row["reference"]: row["id"] for row in rows}, known


async def _store(connection: "asyncpg.Connection[asyncpg.Record]", new: Sequence[Accepted]) -> None:
    await connection.execute(
        _STORE,
        [one.complaint_id for one in new],
        [one.integration_id for one in new],
        [one.event.occurred_at for one in new],
        [one.facts for one in new],
        [one.body_hash for one in new],
        [one.receipt_hash for one in new],
        [one.sealed.wrapped_key for one in new],
        [one.sealed.words for one in new],
        [one.sealed.contact for one in new],
    )


def _as_known(first: Member) -> Known:
    if isinstance(first, Counted):
        return Known(first.complaint_id, None, None, receipt_used=False)
    return Known(first.complaint_id, first.event.occurred_at, first.body_hash, receipt_used=False)


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
    if fresh and not outcome.receipt_used:
        return ComplaintReceipt(
            complaint_id=outcome.complaint_id,
            status=AcceptanceStatus.RECEIVED,
            receipt=acceptor.receipt_of(outcome.complaint_id),
        )
    return ComplaintReceipt(
        complaint_id=outcome.complaint_id, status=AcceptanceStatus.ALREADY_RECEIVED
    )


def _counted(member: Member, outcome: Counted | Known) -> ComplaintReceipt:
    was_counted = isinstance(outcome, Counted) or outcome.body_hash is None
    if not (was_counted and isinstance(member, Counted)):
        raise ReferenceReused
    return ComplaintReceipt(complaint_id=outcome.complaint_id, status=AcceptanceStatus.COUNTED)


_SHOW = """
update complaint set status = told.status
from unnest($1::uuid[], $2::text[]) as told(id, status) where complaint.id = told.id
"""


async def show_on_receipts(
    tx: AsyncConnection, told: Sequence[Told[ComplaintStatusChanged]]
) -> None:
    """Let a complaint's receipt show where it stands."""
    events = sorted((one.event for one in told), key=_complaint_id)
    await (await driver(tx)).execute(
        _SHOW, [event.complaint_id for event in events], [event.status for event in events]
    )


def _complaint_id(event: ComplaintStatusChanged) -> UUID:
    return event.complaint_id
