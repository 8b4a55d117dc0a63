"""Which cases are to be released, and when; hotlines are told first and may hold (D8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.disclosure import facts, rules, schedule
from tocsin_cases.disclosure.facts import Told
from tocsin_cases.disclosure.terms import AT_ONCE, RELEASING, Terms
from tocsin_common import outbox
from tocsin_common.database import Database, driver
from tocsin_contracts.alerts import Level, NamedOrganisation
from tocsin_contracts.events.cases import DisclosureIntended
from tocsin_contracts.ids import new_amber_id

_TO_WEIGH = """
select c.id, c.facility_id, c.issue_group, f.country, d.delay_seconds, d.since,
    coalesce(d.planned_for is not null or d.alert_id is not null, false) as decided
from "case" c join facility f on f.id = c.facility_id left join disclosure d on d.case_id = c.id
where c.to_weigh and (c.facility_id, c.issue_group) > ($1, $2)
order by c.facility_id, c.issue_group limit $3 for update of c
"""
_PLAN = """
insert into disclosure (case_id, delay_seconds, planned_for)
select * from unnest($1::uuid[], $2::int[], $3::timestamptz[])
on conflict (case_id) do update set planned_for = excluded.planned_for
"""
_INTEND = """
insert into intention (id, case_id, integration_id, planned_for, told_at)
select id, case_id, integration_id, planned_for, $5
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[])
    as meant(id, case_id, integration_id, planned_for)
"""
_WEIGHED = 'update "case" set to_weigh = false where id = any($1::uuid[])'


@dataclass(frozen=True, slots=True)
class Weighed:
    """A case that disclosure looks at."""

    case_id: UUID
    facility_id: UUID
    issue_group: str
    country: str
    delay: timedelta | None
    since: datetime | None
    decided: bool
    """It is planned already, or its alert stands."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A case that is to be released, and the hotlines whose complaints contribute to it."""

    case: Weighed
    delay: timedelta
    slot: datetime
    integration_ids: Sequence[UUID]


async def plan(database: Database, terms: Terms, slot: datetime, told_at: datetime) -> int:
    """Plan the release of every case that has enough to tell buyers; return how many.

    Only what came before `slot` is looked at, in an order that does not depend on arrivals.
    Doing it again changes nothing.
    """
    planned, after = 0, (UUID(int=0), "")
    while True:
        async with database.begin() as tx:
            cases = await _next_to_weigh(tx, after)
            if not cases:
                return planned
            planned += await _weigh(tx, terms, cases, slot, told_at)
        after = cases[-1].facility_id, cases[-1].issue_group


async def _next_to_weigh(tx: AsyncConnection, after: tuple[UUID, str]) -> list[Weighed]:
    connection = await driver(tx)
    await connection.execute("select pg_advisory_xact_lock($1)", RELEASING)
    return [
        Weighed(
            row["id"],
            row["facility_id"],
            row["issue_group"],
            row["country"],
            None if row["delay_seconds"] is None else timedelta(seconds=row["delay_seconds"]),
            row["since"],
            row["decided"],
        )
        for row in await connection.fetch(_TO_WEIGH, *after, AT_ONCE)
    ]


async def _weigh(
    tx: AsyncConnection,
    terms: Terms,
    cases: Sequence[Weighed],
    slot: datetime,
    told_at: datetime,
) -> int:
    """Plan those that have enough; look again at those to which more has come since `slot`."""
    undecided = [case for case in cases if not case.decided]
    known = await facts.contributions(
        tx, terms.slots, slot, {case.case_id: case.since for case in undecided}
    )
    names = await facts.organisations(tx, {case.facility_id for case in undecided})
    groups = terms.groups
    planned: list[Planned] = []
    unsettled: set[UUID] = set()
    for case in undecided:
        told = known.get(case.case_id, [])
        sayable = case.facility_id in names and case.issue_group in groups
        found = _planned(case, terms, told, slot, told_at)
        if found and sayable:
            planned.append(found)
        elif found or any(one.last_at > slot for one in told):
            unsettled.add(case.case_id)
    await _keep(tx, planned, names, told_at)
    weighed = [case.case_id for case in cases if case.case_id not in unsettled]
    await (await driver(tx)).execute(_WEIGHED, weighed)
    return len(planned)


def _planned(
    case: Weighed, terms: Terms, told: Sequence[Told], slot: datetime, told_at: datetime
) -> Planned | None:
    """Decide about one case by what came before `slot`; its delay is drawn only now."""
    arrived = [one for one in told if one.contribution.slot <= slot]
    newest = rules.complete_since(one.contribution for one in arrived)
    if newest is None:
        return None
    delay = terms.chance.delay(terms.timing.spread) if case.delay is None else case.delay
    release = schedule.release_slot(
        terms.slots, terms.timing, newest=newest, delay=delay, told_at=told_at
    )
    concerned = {
        hotline for one in arrived if one.contribution.counts for hotline in one.integration_ids
    }
    return Planned(case, delay, release, sorted(concerned))


async def _keep(
    tx: AsyncConnection,
    planned: Sequence[Planned],
    names: Mapping[UUID, Sequence[NamedOrganisation]],
    told_at: datetime,
) -> None:
    """Store plans and intentions, and tell each hotline concerned what buyers would see."""
    if not planned:
        return
    connection = await driver(tx)
    await connection.execute(
        _PLAN,
        [one.case.case_id for one in planned],
        [int(one.delay.total_seconds()) for one in planned],
        [one.slot for one in planned],
    )
    meant = [(new_amber_id(), one, hotline) for one in planned for hotline in one.integration_ids]
    await connection.execute(
        _INTEND,
        [intention_id for intention_id, _, _ in meant],
        [one.case.case_id for _, one, _ in meant],
        [hotline for _, _, hotline in meant],
        [one.slot for _, one, _ in meant],
        told_at,
    )
    await outbox.record(
        tx,
        [
            DisclosureIntended(
                occurred_at=told_at,
                intention_id=intention_id,
                integration_id=hotline,
                level=Level.BUYERS_UNVERIFIED,
                slot=one.slot,
                organisation_names=tuple(named.name for named in names[one.case.facility_id]),
                country=one.case.country,
                issue_group=one.case.issue_group,
            )
            for intention_id, one, hotline in meant
        ],
    )
