"""Releases: in a slot, what is due leaves as signed alerts, in an order that says nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.disclosure import facts, review, rules, schedule, statement
from tocsin_cases.disclosure.statement import UnverifiedStatement
from tocsin_cases.disclosure.terms import AT_ONCE, RELEASING, Terms
from tocsin_common import outbox
from tocsin_common.database import Database, after_commit, driver
from tocsin_common.telemetry import counter, gauge
from tocsin_contracts.alerts import Level
from tocsin_contracts.events.alerts import AlertEnded, AlertRaised, AlertTold, AlertUpdated

released = counter("raised_total", "Alerts that left in slots, by what they were", ["outcome"])
refused = counter("gate_refusals_total", "Releases that the disclosure rules stopped in their slot")
held = gauge("disclosures_held", "Releases that are due and held by a hotline")

_IS_OVER = "select exists (select from slot_over where slot >= $1)"
_OVER = """
with older as (delete from slot_over where slot < $1)
insert into slot_over (slot) values ($1) on conflict do nothing
"""
_DUE = """
select d.case_id, exists (
    select from intention i where i.case_id = d.case_id and i.planned_for = d.planned_for
    and i.held_until >= $2
) as held
from disclosure d join "case" c on c.id = d.case_id
where d.planned_for <= $1 and d.alert_id is null order by c.facility_id, c.issue_group
"""
_ENDING = """
select id from alert
where state = 'active' and (end_asked or review_by <= $1) order by id
"""
_TOUCHED = """
select a.id from alert a join "case" c on c.id = a.case_id join facility f on f.id = c.facility_id
where a.state = 'active' and f.revision <> a.revision order by a.id
"""
_STILL_DUE = """
select d.case_id, d.delay_seconds, d.since, c.facility_id, c.issue_group, f.country, f.revision,
    array(
        select i.integration_id from intention i
        where i.case_id = d.case_id and i.planned_for = d.planned_for
    ) as told
from disclosure d join "case" c on c.id = d.case_id join facility f on f.id = c.facility_id
where d.case_id = any($1::uuid[]) and d.planned_for <= $2 and d.alert_id is null
and not exists (
    select from intention i where i.case_id = d.case_id and i.planned_for = d.planned_for
    and i.held_until >= $3
)
for update of d
"""
_STANDING = """
select a.id, a.case_id, a.statement, c.facility_id, f.country, f.revision
from alert a join "case" c on c.id = a.case_id join facility f on f.id = c.facility_id
where a.id = any($1::uuid[]) and a.state = 'active' for update of a
"""
_KEEP = """
insert into alert (id, case_id, version, state, slot, review_by, statement, revision, end_asked)
select *, false from unnest(
    $1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::timestamptz[], $6::date[], $7::text[],
    $8::int[]
)
on conflict (id) do update set version = excluded.version, state = excluded.state,
    slot = excluded.slot, review_by = excluded.review_by, statement = excluded.statement,
    revision = excluded.revision
"""
_RAISED = """
update disclosure set alert_id = raised.alert_id, planned_for = null
from unnest($1::uuid[], $2::uuid[]) as raised(case_id, alert_id)
where disclosure.case_id = raised.case_id
"""
_ENDED = """
update disclosure set alert_id = null, since = $2 where case_id = any($1::uuid[])
"""
_WEIGH_AGAIN = """
with unplanned as (
    update disclosure set planned_for = null where case_id = any($1::uuid[])
), locked as (
    select id from "case" where id = any($1::uuid[])
    order by facility_id, issue_group for update
)
update "case" set to_weigh = true from locked where "case".id = locked.id
"""


class Move(Enum):
    """What becomes of an alert in a slot."""

    RAISE = AlertRaised
    UPDATE = AlertUpdated
    END = AlertEnded


@dataclass(frozen=True, slots=True)
class Due:
    """Something that is to leave in this slot; its green ids are drawn before it is looked at."""

    move: Move
    alert_id: UUID
    event_id: UUID
    case_id: UUID | None = None
    """For an alert to raise."""


@dataclass(frozen=True, slots=True)
class Said:
    """An alert at its new version, to be kept and told."""

    case_id: UUID
    revision: int
    statement: UnverifiedStatement
    is_news: bool = True


async def release(database: Database, terms: Terms, slot: datetime) -> int:
    """Let everything that is due in `slot` leave, and return how much did.

    Once all of it has left, the slot is over: what becomes due later leaves in the next one.
    """
    async with database.begin() as tx:
        if await (await driver(tx)).fetchval(_IS_OVER, slot):
            return 0
        if await review.is_due(tx, slot):
            await review.review(tx, terms)
        due = await _due(tx, terms, slot)
    terms.chance.shuffle(due)
    left = 0
    for first in range(0, len(due), AT_ONCE):
        async with database.begin() as tx:
            left += await _leave(tx, terms, slot, due[first : first + AT_ONCE])
    async with database.begin() as tx:
        await (await driver(tx)).execute(_OVER, slot)
    return left


async def _due(tx: AsyncConnection, terms: Terms, slot: datetime) -> list[Due]:
    """List what is to leave, in an order that does not depend on arrivals, and draw its ids."""
    connection, draw = await driver(tx), terms.chance.green_id
    planned = await connection.fetch(_DUE, slot, slot.date())
    held.set(sum(row["held"] for row in planned))
    ending = {row["id"]: None for row in await connection.fetch(_ENDING, slot.date())}
    touched = [row["id"] for row in await connection.fetch(_TOUCHED)]
    return [
        *(Due(Move.RAISE, draw(), draw(), row["case_id"]) for row in planned if not row["held"]),
        *(Due(Move.END, alert_id, draw()) for alert_id in ending),
        *(Due(Move.UPDATE, one, draw()) for one in touched if one not in ending),
    ]


async def _leave(tx: AsyncConnection, terms: Terms, slot: datetime, due: Sequence[Due]) -> int:
    """Keep and tell some of it, in the order given."""
    await (await driver(tx)).execute("select pg_advisory_xact_lock($1)", RELEASING)
    said = await _raise(tx, terms, slot, due) | await _change(tx, slot, due)
    await _keep(tx, said)
    told = [
        _event(one, said[one.alert_id].statement, terms, slot)
        for one in due
        if one.alert_id in said and said[one.alert_id].is_news
    ]
    await outbox.record(tx, told)
    after_commit(tx, partial(_count, told))
    return len(told)


def _count(told: Sequence[AlertTold]) -> None:
    for event in told:
        released.labels(event.subject.split(".")[2]).inc()


def _event(due: Due, said: UnverifiedStatement, terms: Terms, slot: datetime) -> AlertTold:
    text = said.model_dump_json()
    return due.move.value(
        event_id=due.event_id,
        version=said.version,
        occurred_at=slot,
        alert_id=said.alert_id,
        statement=text,
        signature=terms.signer.sign(text),
        key_id=terms.signer.key_id,
    )


async def _raise(
    tx: AsyncConnection, terms: Terms, slot: datetime, due: Sequence[Due]
) -> dict[UUID, Said]:
    """Make the alerts of cases that may still be told of; the others are weighed again.

    What came by a hotline that was not told of it takes no part: it could not hold it (D8).
    """
    alerts = {one.case_id: one.alert_id for one in due if one.case_id}
    if not alerts:
        return {}
    connection = await driver(tx)
    rows = await connection.fetch(_STILL_DUE, list(alerts), slot, slot.date())
    known = await facts.contributions(
        tx, terms.slots, slot, {row["case_id"]: row["since"] for row in rows}
    )
    names = await facts.organisations(tx, {row["facility_id"] for row in rows})
    said: dict[UUID, Said] = {}
    groups = terms.groups
    for row in rows:
        case_id, delay = row["case_id"], timedelta(seconds=row["delay_seconds"])
        settled = (
            one.contribution
            for one in known.get(case_id, ())
            if schedule.is_settled(one.contribution.slot, terms.timing, delay, slot)
            and one.came_by(row["told"])
        )
        group, named = groups.get(row["issue_group"]), names.get(row["facility_id"])
        if not group or not named or rules.may_tell(settled) is Level.INTERNAL:
            continue
        alert_id = alerts[case_id]
        first = statement.raised(
            alert_id, slot=slot, group=group, country=row["country"], organisations=named
        )
        said[alert_id] = Said(case_id, row["revision"], first)
    raised = {one.case_id: alert_id for alert_id, one in said.items()}
    await connection.execute(_RAISED, list(raised), list(raised.values()))
    if unfit := [row["case_id"] for row in rows if row["case_id"] not in raised]:
        await connection.execute(_WEIGH_AGAIN, unfit)
        after_commit(tx, partial(refused.inc, len(unfit)))
    return said


async def _change(tx: AsyncConnection, slot: datetime, due: Sequence[Due]) -> dict[UUID, Said]:
    """Make the next versions of alerts that end, or that the registry has news for."""
    moves = {one.alert_id: one.move for one in due if one.case_id is None}
    if not moves:
        return {}
    connection = await driver(tx)
    rows = await connection.fetch(_STANDING, list(moves))
    names = await facts.organisations(tx, {row["facility_id"] for row in rows})
    said: dict[UUID, Said] = {}
    for row in rows:
        last = UnverifiedStatement.model_validate_json(row["statement"])
        if moves[row["id"]] is Move.END:
            said[row["id"]] = Said(
                row["case_id"], row["revision"], statement.ended(last, slot=slot)
            )
            continue
        named = names.get(row["facility_id"], last.organisations)
        following = statement.updated(last, slot=slot, country=row["country"], organisations=named)
        said[row["id"]] = Said(
            row["case_id"], row["revision"], following or last, is_news=following is not None
        )
    ended = [row["case_id"] for row in rows if moves[row["id"]] is Move.END]
    if ended:
        await connection.execute(_ENDED, ended, slot)
    return said


async def _keep(tx: AsyncConnection, said: Mapping[UUID, Said]) -> None:
    if not said:
        return
    statements = [one.statement for one in said.values()]
    await (await driver(tx)).execute(
        _KEEP,
        list(said),
        [one.case_id for one in said.values()],
        [one.version for one in statements],
        [one.state for one in statements],
        [one.slot for one in statements],
        [one.review_by for one in statements],
        [one.model_dump_json() for one in statements],
        [one.revision for one in said.values()],
    )
