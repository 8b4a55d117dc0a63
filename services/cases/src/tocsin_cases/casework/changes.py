"""What sources say later: messages, consent, withdrawal, erasure. In amber each acts at once.

What was withdrawn is as if it had been refused: it contributes nothing to what is shared. Buyers
see no change before the monthly review (protection D4).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.casework import severity, standing
from tocsin_cases.casework.severity import LEAST
from tocsin_common import heard
from tocsin_common.database import driver
from tocsin_common.listening import Told
from tocsin_contracts.events.complaints import (
    ConsentChanged,
    Erased,
    Headcount,
    MessageAdded,
    Withdrawn,
)
from tocsin_contracts.taxonomy import Taxonomy

_HERE = "select id from complaint where id = any($1::uuid[])"
_MESSAGES = """
update complaint set messages = messages + added.count
from unnest($1::uuid[], $2::int[]) as added(id, count) where complaint.id = added.id
returning complaint.id
"""
_CONSENT = """
with locked as (
    select id from complaint where id = any($1::uuid[]) order by id for update
)
update complaint c set
    share = case when withdrawn_at is null then said.share else c.share end,
    supplier_contact =
        case when withdrawn_at is null then said.supplier else c.supplier_contact end,
    counts_since = case
        when c.share = 'refused' and said.share <> 'refused' then said.at else c.counts_since end,
    given_since = case
        when said.share <> 'given' then null
        when c.share <> 'given' then said.at else c.given_since end
from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
    as said(id, share, supplier, at), locked
where c.id = said.id and c.id = locked.id returning c.id
"""
"""What is widened counts since then: see `consent.widened`."""
_WITHDRAWN = """
with locked as (
    select id from complaint where id = any($1::uuid[]) order by id for update
)
update complaint c set share = 'refused', supplier_contact = 'never', withdrawn_at = $2
from locked where c.id = locked.id returning c.id
"""
_NO_SOURCE = """
update case_complaint set source = null, source_kind = null, sources_before = null,
    counted_kind = null, counted_source = null
where complaint_id = any($1::uuid[])
"""
_CASES_OF = "select distinct case_id from case_complaint where complaint_id = any($1::uuid[])"
_LEAVE = "delete from case_complaint where complaint_id = any($1::uuid[])"
_NO_PROPOSALS = "delete from proposal where complaint_id = any($1::uuid[])"
_GONE = "delete from complaint where id = any($1::uuid[]) returning id"
_NOT_PARKED = """
delete from parked where exists (
    select from unnest($1::text[]) as gone(id)
    where position(convert_to(gone.id, 'UTF8') in parked.body) > 0
)
"""
_LOCK_CASES = """
select id, issue_group from "case" where id = any($1::uuid[])
order by facility_id, issue_group for update
"""
_REMAINING = """
select joined.case_id, c.issues, c.workers_affected, c.immediate_danger
from case_complaint joined join complaint c on c.id = joined.complaint_id
where joined.case_id = any($1::uuid[]) and c.withdrawn_at is null
"""
_SEVERITY = """
update "case" set scale = now.scale, scope = now.scope, irremediability = now.irremediability,
    immediate_danger = now.danger, to_weigh = true
from unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::bool[])
    as now(id, scale, scope, irremediability, danger)
where "case".id = now.id
"""
_NEVER_TOLD = """
delete from "case" c where c.id = any($1::uuid[])
and not exists (select from case_complaint joined where joined.case_id = c.id)
and not exists (select from disclosure d where d.case_id = c.id)
"""


async def on_messages_added(tx: AsyncConnection, told: Sequence[Told[MessageAdded]]) -> None:
    """Show officers that there are more words to open, also those heard before their complaint."""
    events = [one.event for one in await heard.newest(tx, told)]
    if not events:
        return
    added = Counter(event.complaint_id for event in events)
    ids, connection = sorted(added), await driver(tx)
    if len(await connection.fetch(_HERE, ids)) < len(ids):
        await standing.hold(tx)
    rows = await connection.fetch(_MESSAGES, ids, [added[one] for one in ids])
    here = {row["id"] for row in rows}
    early = {one: number for one, number in added.items() if one not in here}
    await standing.add_messages(tx, early, max(event.occurred_at for event in events))


async def on_consent_changed(
    taxonomy: Taxonomy, tx: AsyncConnection, told: Sequence[Told[ConsentChanged]]
) -> None:
    """Share from now on what the source agrees to now."""
    events = {one.event.complaint_id: one.event for one in await heard.newest(tx, told)}
    if not events:
        return
    await standing.hold(tx)
    ids = sorted(events)
    rows = await (await driver(tx)).fetch(
        _CONSENT,
        ids,
        [events[one].share for one in ids],
        [events[one].supplier_contact for one in ids],
        [events[one].occurred_at for one in ids],
    )
    here = [row["id"] for row in rows]
    for complaint_id in set(ids) - set(here):
        event = events[complaint_id]
        await standing.keep(
            tx,
            [complaint_id],
            share=event.share,
            supplier_contact=event.supplier_contact,
            said_at=event.occurred_at,
        )
    await _weigh_again(tx, taxonomy, await _cases_of(tx, here))


async def on_withdrawn(
    taxonomy: Taxonomy, tx: AsyncConnection, told: Sequence[Told[Withdrawn]]
) -> None:
    """Let a complaint contribute nothing, and forget what stood for its source."""
    events = [one.event for one in await heard.newest(tx, told)]
    if not events:
        return
    await standing.hold(tx)
    ids = sorted(event.complaint_id for event in events)
    at = max(event.occurred_at for event in events)
    connection = await driver(tx)
    here = [row["id"] for row in await connection.fetch(_WITHDRAWN, ids, at)]
    await connection.execute(_NO_SOURCE, here)
    await standing.keep(tx, sorted(set(ids) - set(here)), withdrawn_at=at, said_at=at)
    await _weigh_again(tx, taxonomy, await _cases_of(tx, here))


async def on_erased(taxonomy: Taxonomy, tx: AsyncConnection, told: Sequence[Told[Erased]]) -> None:
    """Forget a complaint and everything that was derived from it; it is never filed again."""
    events = [one.event for one in await heard.newest(tx, told)]
    if events:
        ids = sorted(event.complaint_id for event in events)
        await erase(tx, taxonomy, ids, max(event.occurred_at for event in events))


async def erase(
    tx: AsyncConnection, taxonomy: Taxonomy, complaint_ids: Sequence[UUID], at: datetime
) -> None:
    """Do what `on_erased` says. Doing it again changes nothing."""
    await standing.hold(tx)
    connection, ids = await driver(tx), list(complaint_ids)
    cases = await _cases_of(tx, ids)
    for statement in (_LEAVE, _NO_PROPOSALS, _GONE):
        await connection.execute(statement, ids)
    await connection.execute(_NOT_PARKED, [str(one) for one in ids])
    nothing = {"share": None, "supplier_contact": None, "withdrawn_at": None, "messages": 0}
    await standing.keep(tx, ids, erased_at=at, **nothing)
    await _weigh_again(tx, taxonomy, cases)
    await connection.execute(_NEVER_TOLD, cases)


async def _cases_of(tx: AsyncConnection, complaint_ids: Sequence[UUID]) -> list[UUID]:
    return [row["case_id"] for row in await (await driver(tx)).fetch(_CASES_OF, complaint_ids)]


async def _weigh_again(tx: AsyncConnection, taxonomy: Taxonomy, case_ids: Iterable[UUID]) -> None:
    """Say how bad cases are by what remains in them, and let disclosure look at them again."""
    wanted = list(case_ids)
    if not wanted:
        return
    connection = await driver(tx)
    cases = await connection.fetch(_LOCK_CASES, wanted)
    groups = {row["id"]: row["issue_group"] for row in cases}
    worst = dict.fromkeys(groups, LEAST)
    danger = dict.fromkeys(groups, False)
    for row in await connection.fetch(_REMAINING, wanted):
        case_id = row["case_id"]
        issues = [taxonomy.issue(code) for code in row["issues"] if taxonomy.known(code)]
        if of_group := [issue for issue in issues if issue.group == groups[case_id]]:
            found = severity.of(of_group, Headcount(row["workers_affected"]))
            worst[case_id] = worst[case_id].worst(found)
        danger[case_id] = danger[case_id] or row["immediate_danger"]
    await connection.execute(
        _SEVERITY,
        list(worst),
        [one.scale for one in worst.values()],
        [one.scope for one in worst.values()],
        [one.irremediability for one in worst.values()],
        list(danger.values()),
    )
