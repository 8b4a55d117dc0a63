"""What this service has heard already: the newest version of each aggregate."""

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_common.listening import Told
from tocsin_contracts.events.base import Event

E = TypeVar("E", bound=Event)

_KEEP_NEWEST = """
insert into heard (kind, aggregate, version)
select $1, * from unnest($2::uuid[], $3::int[])
on conflict (kind, aggregate) do update set version = excluded.version
where heard.version < excluded.version
returning aggregate
"""


async def newest(tx: AsyncConnection, told: Iterable[Told[E]]) -> list[Told[E]]:
    """Return the newest version of each aggregate, unless as new a one was heard before.

    A repeat, an older state and two versions in one batch are the same case. One statement,
    rows touched in key order; the order of arrival is kept in what is returned.
    """
    arrived = list(told)
    latest = {_key(one): one for one in sorted(arrived, key=_version)}
    if not latest:
        return []
    [kind] = {one.event.kind for one in latest.values()}
    keys = sorted(latest)
    rows = await (await driver(tx)).fetch(
        _KEEP_NEWEST, kind, keys, [latest[key].event.version for key in keys]
    )
    new = {row["aggregate"] for row in rows}
    return [one for one in arrived if one is latest[_key(one)] and _key(one) in new]


def _key(one: Told[E]) -> UUID:
    return one.event.aggregate


def _version(one: Told[E]) -> int:
    return one.event.version
