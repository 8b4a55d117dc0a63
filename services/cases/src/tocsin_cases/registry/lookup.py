"""Looking things up in the registry: what a claim may mean, and lists for people."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.registry import names
from tocsin_cases.registry.matching import Candidate, Claim
from tocsin_cases.registry.schemas import FacilityShown, LinkShown, OrganisationShown
from tocsin_common.database import driver
from tocsin_contracts.events.registry import Role

MOST_CANDIDATES = 10  # facilities of one name and country that a person is shown

_CANDIDATES = """
select claim.n, f.id, f.os_id, f.plain_name, f.country
from unnest($1::int[], $2::text[]) as claim(n, os_id) join facility f on f.os_id = claim.os_id
union all
select claim.n, f.id, f.os_id, f.plain_name, f.country
from unnest($1::int[], $3::text[], $4::text[]) as claim(n, plain_name, country)
cross join lateral (
    select * from facility where facility.country = claim.country
    and facility.plain_name = claim.plain_name and claim.plain_name <> ''
    order by facility.id limit $5
) as f
"""
_PAGE_OF_ORGANISATIONS = """
select id as organisation_id, version, name, country, lei from organisation
where id > $1 order by id limit $2
"""
_PAGE_OF_FACILITIES = """
select id as facility_id, version, os_id, name, country, address from facility
where id > $1 order by id limit $2
"""
_FACILITIES_NAMED = """
select id as facility_id, version, os_id, name, country, address from facility
where country = $3 and plain_name ^@ $4 and id > $1 order by id limit $2
"""
_FACILITIES_BY_ID = """
select id as facility_id, version, os_id, name, country, address from facility
where id = any($1::uuid[])
"""
_LINKS_OF = """
select l.facility_id, l.organisation_id, o.name, l.role
from link l join organisation o on o.id = l.organisation_id
where l.facility_id = any($1::uuid[]) order by l.facility_id, o.id, l.role
"""


async def candidates(tx: AsyncConnection, claims: Iterable[Claim]) -> dict[Claim, list[Candidate]]:
    """Find, for each claim, the facilities with its OS ID, and those with its name and country."""
    found: dict[Claim, list[Candidate]] = {claim: [] for claim in claims}
    asked = list(found)
    rows = await (await driver(tx)).fetch(
        _CANDIDATES,
        list(range(len(asked))),
        [claim.os_id for claim in asked],
        [claim.name for claim in asked],
        [claim.country for claim in asked],
        MOST_CANDIDATES,
    )
    for row in rows:
        found[asked[row["n"]]].append(
            Candidate(row["id"], row["os_id"], row["plain_name"], row["country"])
        )
    return found


async def page_of_organisations(
    tx: AsyncConnection, *, after: UUID, limit: int
) -> list[OrganisationShown]:
    """Organisations in the order of their ids."""
    rows = await (await driver(tx)).fetch(_PAGE_OF_ORGANISATIONS, after, limit)
    return [OrganisationShown(**dict(row)) for row in rows]


async def page_of_facilities(
    tx: AsyncConnection, *, after: UUID, limit: int
) -> list[FacilityShown]:
    """Facilities in the order of their ids."""
    rows = await (await driver(tx)).fetch(_PAGE_OF_FACILITIES, after, limit)
    return await _with_links(tx, rows)


async def facilities_named(
    tx: AsyncConnection, name: str, country: str, *, after: UUID, limit: int
) -> list[FacilityShown]:
    """Facilities of a country whose names begin like this, in the order of their ids."""
    rows = await (await driver(tx)).fetch(
        _FACILITIES_NAMED, after, limit, country, names.plain(name)
    )
    return await _with_links(tx, rows)


async def facilities(tx: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, FacilityShown]:
    """Some facilities by id."""
    rows = await (await driver(tx)).fetch(_FACILITIES_BY_ID, list(ids))
    return {one.facility_id: one for one in await _with_links(tx, rows)}


async def _with_links(tx: AsyncConnection, rows: Sequence[asyncpg.Record]) -> list[FacilityShown]:
    links: defaultdict[UUID, list[LinkShown]] = defaultdict(list)
    for link in await (await driver(tx)).fetch(_LINKS_OF, [row["facility_id"] for row in rows]):
        links[link["facility_id"]].append(
            LinkShown(
                organisation_id=link["organisation_id"], name=link["name"], role=Role(link["role"])
            )
        )
    return [FacilityShown(**dict(row), organisations=links[row["facility_id"]]) for row in rows]
