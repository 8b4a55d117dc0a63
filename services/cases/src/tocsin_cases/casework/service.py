"""Complaints are filed, matched, and opened or joined as cases: many at once, told as they go."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.casework import severity
from tocsin_cases.casework.severity import Severity
from tocsin_cases.casework.sources import source_in
from tocsin_cases.registry import lookup, names
from tocsin_cases.registry.matching import Candidate, Claim, Match, Verdict, match
from tocsin_common import outbox
from tocsin_common.database import driver
from tocsin_common.errors import RuleBroken
from tocsin_common.telemetry import Trace
from tocsin_contracts.events.cases import ComplaintStatus, ComplaintStatusChanged
from tocsin_contracts.events.complaints import ComplaintReceived, Headcount, Reported
from tocsin_contracts.ids import new_amber_id
from tocsin_contracts.taxonomy import Issue, Taxonomy

# Rows without conflicts are copied: half the work of an insert, for us and for PostgreSQL.
_COMPLAINT = (
    "id", "integration_id", "received_at", "match", "facility_id", "status", "status_version",
    "os_id", "country", "language", "issues", "happened_on", "workers_affected",
    "immediate_danger", "retaliation", "relation", "share", "supplier_contact", "genuine",
    "members", "sealed", "public_key", "withdrawn_at", "counts_since", "given_since",
    "messages",
)  # fmt: skip
_CASE_COMPLAINT = ("case_id", "complaint_id", "source_kind", "source", "sources_before")
_PROPOSAL = ("complaint_id", "facility_id")

_OPEN_OR_JOIN = """
insert into "case" as known (
    id, facility_id, issue_group, opened_at, key, scale, scope, irremediability,
    immediate_danger, to_weigh
)
select id, facility_id, issue_group, $4, key, scale, scope, irremediability, danger, true
from unnest(
    $1::uuid[], $2::uuid[], $3::text[], $5::bytea[], $6::int[], $7::int[], $8::int[], $9::bool[]
) as joined(id, facility_id, issue_group, key, scale, scope, irremediability, danger)
on conflict (facility_id, issue_group) do update set
    scale = greatest(known.scale, excluded.scale),
    scope = greatest(known.scope, excluded.scope),
    irremediability = greatest(known.irremediability, excluded.irremediability),
    immediate_danger = known.immediate_danger or excluded.immediate_danger,
    to_weigh = true
returning id, facility_id, issue_group, key
"""


class UnknownIssue(RuleBroken):
    """The taxonomy has no such code; once it has, the complaint can be filed."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A complaint as intake told it, its sealed part opened."""

    event: ComplaintReceived
    reported: Reported
    trace: Trace | None = None
    withdrawn_at: datetime | None = None
    counts_since: datetime | None = None
    given_since: datetime | None = None
    messages: int = 0

    @property
    def claim(self) -> Claim:
        """What it says about its facility."""
        name = names.plain(self.reported.facility_name or "")
        return Claim(self.event.os_id, name, self.event.country)


@dataclass(frozen=True, slots=True)
class Joining:
    """A complaint whose facility and issues are certain, on its way into its cases."""

    complaint_id: UUID
    facility_id: UUID
    issues: Sequence[Issue]
    affected: Headcount
    immediate_danger: bool
    reported: Reported
    withdrawn: bool = False
    """It was taken back: it makes no case worse, and nothing stands for its source."""


CaseKey = tuple[UUID, str]
"""Facility and issue group: there is one case for each."""


async def file_complaints(
    tx: AsyncConnection, arrived: Sequence[Arrived], taxonomy: Taxonomy, now: datetime
) -> None:
    """Store complaints, match their facilities, open or join their cases, and tell CASES.

    What a machine may not match waits, its words sealed as they came, for a person.

    Raises:
        UnknownIssue: the taxonomy lacks a code; nothing was filed.
    """
    if not arrived:
        return
    issues = {one.event.complaint_id: issues_of(one.event.issues, taxonomy) for one in arrived}
    claims = {one.event.complaint_id: one.claim for one in arrived}
    candidates = await lookup.candidates(tx, claims.values())
    filed = [
        (one, _verdict(one, claim, candidates[claim]))
        for one, claim in zip(arrived, claims.values(), strict=True)
    ]
    await _store(tx, filed)
    matched = [
        Joining(
            one.event.complaint_id,
            verdict.facility_ids[0],
            issues[one.event.complaint_id],
            one.event.workers_affected,
            one.event.immediate_danger,
            one.reported,
            one.withdrawn_at is not None,
        )
        for one, verdict in filed
        if verdict.match is Match.MATCHED
    ]
    await join_cases(tx, matched, now)
    await outbox.record(
        tx,
        [
            outbox.prepare(
                ComplaintStatusChanged(
                    occurred_at=now,
                    complaint_id=one.event.complaint_id,
                    status=_status(verdict),
                ),
                trace=one.trace,
            )
            for one, verdict in filed
        ],
    )


def issues_of(codes: Iterable[str], taxonomy: Taxonomy) -> list[Issue]:
    """Look codes up.

    Raises:
        UnknownIssue: the taxonomy lacks one.
    """
    wanted = list(dict.fromkeys(codes))
    if not all(taxonomy.known(code) for code in wanted):
        raise UnknownIssue
    return [taxonomy.issue(code) for code in wanted]


def _verdict(one: Arrived, claim: Claim, candidates: Sequence[Candidate]) -> Verdict:
    """Match, but leave a complaint without any code to a person, who says what it is about."""
    found = match(claim, candidates)
    if found.match is Match.MATCHED and not one.event.issues:
        return Verdict(Match.PROPOSED, found.facility_ids)
    return found


def _status(verdict: Verdict) -> ComplaintStatus:
    known = verdict.match is Match.MATCHED
    return ComplaintStatus.IN_REVIEW if known else ComplaintStatus.FACILITY_UNKNOWN


async def _store(tx: AsyncConnection, filed: Sequence[tuple[Arrived, Verdict]]) -> None:
    """Store complaints, and what is proposed for those that wait."""
    connection = await driver(tx)
    await connection.copy_records_to_table(
        "complaint", records=[_row(one, verdict) for one, verdict in filed], columns=_COMPLAINT
    )
    proposed = [
        (one.event.complaint_id, facility_id)
        for one, verdict in filed
        if verdict.match is Match.PROPOSED
        for facility_id in verdict.facility_ids
    ]
    if proposed:
        await connection.copy_records_to_table("proposal", records=proposed, columns=_PROPOSAL)


def _row(one: Arrived, verdict: Verdict) -> tuple[object, ...]:
    event = one.event
    certain = verdict.match is Match.MATCHED
    return (
        event.complaint_id,
        event.integration_id,
        event.occurred_at,
        verdict.match,
        verdict.facility_ids[0] if certain else None,
        _status(verdict),
        1,
        event.os_id,
        event.country,
        event.language,
        event.issues,
        event.happened_on,
        event.workers_affected,
        event.immediate_danger,
        event.retaliation,
        event.relation,
        event.share,
        event.supplier_contact,
        event.genuine,
        event.members,
        None if certain else event.sealed,
        event.public_key,
        one.withdrawn_at,
        one.counts_since,
        one.given_since,
        one.messages,
    )


async def join_cases(tx: AsyncConnection, joining: Sequence[Joining], now: datetime) -> list[UUID]:
    """Put complaints into the case of their facility and each of their issue groups.

    Cases that are not there yet are opened. Rows are touched in key order, so that two processes
    never wait for each other crosswise. Return the cases.
    """
    if not joining:
        return []
    members: defaultdict[CaseKey, list[Joining]] = defaultdict(list)
    worst: dict[CaseKey, Severity] = {}
    for one in joining:
        for group in {issue.group for issue in one.issues}:
            place = one.facility_id, group
            found = _severity(one, group)
            members[place].append(one)
            worst[place] = worst.get(place, found).worst(found)
    places = sorted(members)
    connection = await driver(tx)
    cases = await connection.fetch(
        _OPEN_OR_JOIN,
        [new_amber_id() for _ in places],
        [facility_id for facility_id, _ in places],
        [group for _, group in places],
        now,
        [token_bytes(32) for _ in places],
        [worst[place].scale for place in places],
        [worst[place].scope for place in places],
        [worst[place].irremediability for place in places],
        [any(_is_danger(one) for one in members[place]) for place in places],
    )
    await connection.copy_records_to_table(
        "case_complaint",
        records=[
            _joined(case, one)
            for case in cases
            for one in members[case["facility_id"], case["issue_group"]]
        ],
        columns=_CASE_COMPLAINT,
    )
    return [case["id"] for case in cases]


def _severity(one: Joining, group: str) -> Severity:
    if one.withdrawn:
        return severity.LEAST
    return severity.of((issue for issue in one.issues if issue.group == group), one.affected)


def _is_danger(one: Joining) -> bool:
    return one.immediate_danger and not one.withdrawn


def _joined(case: asyncpg.Record, one: Joining) -> tuple[object, ...]:
    source = None if one.withdrawn else source_in(case["key"], one.reported)
    if source is None:
        return case["id"], one.complaint_id, None, None, None
    return case["id"], one.complaint_id, source.kind, source.handle, source.before or None
