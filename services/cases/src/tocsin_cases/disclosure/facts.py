"""What disclosure needs to know of some cases: contributions, and the names it may say."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.casework import sources
from tocsin_cases.disclosure import rules, schedule
from tocsin_cases.disclosure.rules import Contribution
from tocsin_cases.disclosure.schedule import Calendar
from tocsin_common.database import driver
from tocsin_contracts.alerts import NamedOrganisation
from tocsin_contracts.events.complaints import Consent, Headcount, Relation

# Whose consent was widened contributes as not asked since it came, and as given since then.
_CONTRIBUTIONS = """
select wanted.case_id, said.share, c.genuine, c.relation, c.members, joined.source_kind,
    joined.source, joined.sources_before, joined.counted_kind, joined.counted_source,
    min(said.at) as first_at, max(said.at) as last_at,
    array_agg(distinct c.integration_id) as integration_ids
from unnest($1::uuid[], $2::timestamptz[]) as wanted(case_id, after)
join case_complaint joined on joined.case_id = wanted.case_id
join complaint c on c.id = joined.complaint_id
cross join lateral (
    select c.share, coalesce(c.given_since, c.counts_since, c.received_at)
    union all
    select 'not_asked', coalesce(c.counts_since, c.received_at)
    where c.share = 'given' and c.given_since is not null
) as said(share, at)
where c.received_at > $3 and said.at > wanted.after
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
"""
_ORGANISATIONS = """
select l.facility_id, o.id, o.name, array_agg(l.role order by l.role) as roles
from link l join organisation o on o.id = l.organisation_id
where l.facility_id = any($1::uuid[]) group by l.facility_id, o.id, o.name order by 1, 2
"""
EVER = datetime(1970, 1, 1, tzinfo=UTC)

# A slot may look at very many contributions: a look into a table is cheaper than `Consent(text)`.
_CONSENT = {one.value: one for one in Consent}
_RELATION = {one.value: one for one in Relation}
_HEADCOUNT = {one.value: one for one in Headcount}


@dataclass(frozen=True, slots=True)
class Told:
    """A contribution, and the hotlines it came through."""

    contribution: Contribution
    integration_ids: tuple[UUID, ...]
    last_at: datetime

    def came_by(self, integration_ids: Collection[UUID]) -> bool:
        """Whether any of these hotlines brought it."""
        return not frozenset(integration_ids).isdisjoint(self.integration_ids)


async def contributions(
    tx: AsyncConnection, slots: Calendar, slot: datetime, since: Mapping[UUID, datetime | None]
) -> Mapping[UUID, list[Told]]:
    """Return what each case has to contribute in `slot`, each source once.

    Args:
        tx: the transaction.
        slots: the calendar, by which arrivals are known only as the slot they came before.
        slot: the slot that is looked at; the window ends there.
        since: the cases, and for each the slot whose alert used up what came before it.
    """
    window = slots.last_slot(slot - rules.WINDOW)
    rows = await (await driver(tx)).fetch(
        _CONTRIBUTIONS, list(since), [after or EVER for after in since.values()], window
    )
    same = sources.one_for_each(
        (row["source"], row["sources_before"]) for row in rows if row["sources_before"]
    )
    found: defaultdict[UUID, list[Told]] = defaultdict(list)
    for row in rows:
        contribution = Contribution(
            share=_CONSENT[row["share"]],
            genuine=row["genuine"],
            slot=schedule.slot_of(slots, row["first_at"]),
            kind=row["source_kind"],
            source=same.get(row["source"], row["source"]),
            counted=(row["counted_kind"], row["counted_source"]) if row["counted_kind"] else None,
            relation=_RELATION[row["relation"]],
            members=_HEADCOUNT[row["members"]],
        )
        found[row["case_id"]].append(
            Told(contribution, tuple(row["integration_ids"]), row["last_at"])
        )
    return found


async def organisations(
    tx: AsyncConnection, facility_ids: Collection[UUID]
) -> Mapping[UUID, tuple[NamedOrganisation, ...]]:
    """Return the organisations behind each facility as an alert names them, in green order."""
    rows = await (await driver(tx)).fetch(_ORGANISATIONS, list(facility_ids))
    return {
        facility_id: tuple(
            NamedOrganisation(organisation_id=row["id"], name=row["name"], roles=row["roles"])
            for row in behind
        )
        for facility_id, behind in groupby(rows, lambda row: row["facility_id"])
    }
