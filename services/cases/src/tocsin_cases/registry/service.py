"""The registry grows by imports only, and tells what they changed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import islice
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cases.chance import Chance
from tocsin_cases.registry.schemas import (
    ListedFacility,
    ListedOrganisation,
    SupplierListImported,
    Tally,
)
from tocsin_cases.registry.supplier_list import Known, Listed, Register
from tocsin_common import outbox
from tocsin_common.database import driver
from tocsin_contracts.events.base import Event
from tocsin_contracts.events.registry import (
    FacilityChanged,
    LinkChanged,
    OrganisationChanged,
    Role,
)

IMPORTING = 7_463_241_905_119  # the advisory lock of whoever imports: one list after the other
TOLD_AT_ONCE = 1_000  # events written in one statement, so that memory stays bounded

_ORGANISATIONS = """
select o.id, o.version, o.name, o.country, o.lei as public_id, null as address
from organisation o where o.lei = any($3::text[]) or o.id in (
    select n.id from unnest($1::text[], $2::text[]) as listed(plain_name, country)
    join organisation n on n.plain_name = listed.plain_name
    and n.country is not distinct from listed.country
) order by o.id
"""
_FACILITIES = """
select f.id, f.version, f.name, f.country, f.os_id as public_id, f.address
from facility f where f.os_id = any($3::text[]) or f.id in (
    select n.id from unnest($1::text[], $2::text[]) as listed(plain_name, country)
    join facility n on n.plain_name = listed.plain_name and n.country = listed.country
) order by f.id
"""
_STORE_ORGANISATIONS = """
insert into organisation (id, version, name, plain_name, country, lei)
select id, version, name, plain_name, country, public_id from unnest(
    $1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]
) as listed(id, version, name, plain_name, country, public_id, address)
on conflict (id) do update set version = excluded.version, name = excluded.name,
    plain_name = excluded.plain_name, country = excluded.country, lei = excluded.lei
"""
_STORE_FACILITIES = """
insert into facility (id, version, name, plain_name, country, os_id, address, revision)
select *, 1 from unnest(
    $1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]
)
on conflict (id) do update set version = excluded.version, name = excluded.name,
    plain_name = excluded.plain_name, country = excluded.country, os_id = excluded.os_id,
    address = excluded.address
"""
_STORE_LINKS = """
insert into link (id, version, facility_id, organisation_id, role)
select id, 1, facility_id, organisation_id, role
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[])
    as listed(id, facility_id, organisation_id, role)
on conflict (facility_id, organisation_id, role) do nothing
returning id, facility_id, organisation_id, role
"""
_REVISE = """
update facility set revision = revision + 1
where id = any($1::uuid[])
or id in (select facility_id from link where organisation_id = any($2::uuid[]))
"""


async def import_supplier_list(
    tx: AsyncConnection, facilities: Sequence[ListedFacility], chance: Chance, now: datetime
) -> SupplierListImported:
    """Take in a supplier list, and tell REGISTRY what it changed, dated by the day.

    Importing the same list again changes and tells nothing. One list is read after the other,
    each in a handful of statements.
    """
    connection = await driver(tx)
    await connection.execute("select pg_advisory_xact_lock($1)", IMPORTING)
    organisations = await _read(
        tx,
        _ORGANISATIONS,
        [_company(one) for row in facilities for one in row.organisations],
        chance,
    )
    places = await _read(tx, _FACILITIES, [_place(row) for row in facilities], chance)
    links = dict.fromkeys(
        (places.ids[_place(row)], organisations.ids[_company(one)], one.role)
        for row in facilities
        for one in row.organisations
    )
    await _store(tx, _STORE_ORGANISATIONS, organisations.to_store)
    await _store(tx, _STORE_FACILITIES, places.to_store)
    linked = await connection.fetch(
        _STORE_LINKS, [chance.green_id() for _ in links], *_columns(links, 3)
    )
    touched = {one.id for one in places.to_tell} | {row["facility_id"] for row in linked}
    renamed = [one.id for one in organisations.to_tell]
    if touched or renamed:
        await connection.execute(_REVISE, sorted(touched), renamed)
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    told = _events(organisations, places, linked, chance, midnight)
    while some := list(islice(told, TOLD_AT_ONCE)):
        await outbox.record(tx, some)
    return SupplierListImported(
        organisations=organisations.tally, facilities=places.tally, links=Tally(new=len(linked))
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rows of a list mean, and what they bring."""

    ids: dict[Listed, UUID]
    to_store: list[Known]
    to_tell: list[Known]

    @property
    def tally(self) -> Tally:
        new = sum(one.version == 1 for one in self.to_tell)
        return Tally(new=new, changed=len(self.to_tell) - new)


def _place(row: ListedFacility) -> Listed:
    return Listed(row.name, row.country, row.os_id, row.address)


def _company(one: ListedOrganisation) -> Listed:
    return Listed(one.name, one.country, one.lei)


async def _read(
    tx: AsyncConnection, known: str, listed: Iterable[Listed], chance: Chance
) -> Reading:
    rows = sorted(dict.fromkeys(listed), key=lambda one: one.public_id is None)
    found = await (await driver(tx)).fetch(
        known,
        [one.named[0] for one in rows],
        [one.country for one in rows],
        [one.public_id for one in rows if one.public_id],
    )
    register = Register((Known(**dict(row)) for row in found), chance)
    ids = {one: register.read(one) for one in rows}
    return Reading(ids, register.to_store(), register.to_tell())


async def _store(tx: AsyncConnection, statement: str, known: Sequence[Known]) -> None:
    if not known:
        return
    rows = [
        (one.id, one.version, one.name, one.named[0], one.country, one.public_id, one.address)
        for one in known
    ]
    await (await driver(tx)).execute(statement, *_columns(rows, 7))


def _columns(rows: Iterable[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Turn rows into the arrays that `unnest` takes."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _events(
    organisations: Reading,
    places: Reading,
    linked: Sequence[asyncpg.Record],
    chance: Chance,
    day: datetime,
) -> Iterator[Event]:
    """Tell what is new, and what changed in a way others see."""
    for one in organisations.to_tell:
        yield OrganisationChanged(
            event_id=chance.green_id(),
            occurred_at=day,
            version=one.version,
            organisation_id=one.id,
            name=one.name,
            country=one.country,
            lei=one.public_id,
        )
    for one in places.to_tell:
        yield FacilityChanged(
            event_id=chance.green_id(),
            occurred_at=day,
            version=one.version,
            facility_id=one.id,
            name=one.name,
            country=str(one.country),
            os_id=one.public_id,
        )
    for row in linked:
        yield LinkChanged(
            event_id=chance.green_id(),
            occurred_at=day,
            link_id=row["id"],
            facility_id=row["facility_id"],
            organisation_id=row["organisation_id"],
            role=Role(row["role"]),
        )
