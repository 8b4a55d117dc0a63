"""Walks a service's schema beside its register of places (protection V10)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from tocsin_common.database import Database, driver
from tocsin_common.keeping import statement
from tocsin_common.places import NOBODY, Place
from tocsin_contracts.streams import heard_by, told_by

_COLUMNS = """
select c.table_name, array_agg(c.column_name::text)
    filter (where c.udt_name in ('text', '_text', 'json', 'jsonb', 'bytea', 'varchar', '_bytea'))
from information_schema.columns c join information_schema.tables t
    using (table_schema, table_name)
where c.table_schema = 'public' and t.table_type = 'BASE TABLE'
    and c.table_name <> 'alembic_version'
group by c.table_name
"""


async def unregistered(database: Database, places: Mapping[str, Place]) -> dict[str, set[str]]:
    """The tables that are in the schema or the register alone, and such columns of the others."""
    async with database.begin() as tx:
        there = {name: set(found or ()) for name, found in await tx.execute(text(_COLUMNS))}
    alone = {name: {"(the table)"} for name in there.keys() ^ places.keys()}
    columns = {
        name: there[name] ^ set(places[name].columns.split())
        for name in there.keys() & places.keys()
    }
    return alone | {name: odd for name, odd in columns.items() if odd}


def without_an_end(places: Mapping[str, Place]) -> list[str]:
    """Places of something about a person that may stay for ever."""
    return [
        name
        for name, place in places.items()
        if place.longest is None and place.on_erasure != NOBODY
    ]


def streams_of(service: str) -> set[str]:
    """The streams a service tells or hears: its events lie there."""
    return {one.name for one in told_by(service)} | {one.stream.name for one in heard_by(service)}


async def scanned(database: Database, places: Mapping[str, Place]) -> list[str]:
    """The places whose oldest rows no index finds."""
    found: list[str] = []
    async with database.begin() as tx:
        connection = await driver(tx)
        for off in ("seqscan", "sort", "bitmapscan"):
            await connection.execute(f"set local enable_{off} = off")
        for table, place in places.items():
            if place.aged_by:
                explain = "explain " + statement(table, place)
                rows: list[Any] = await connection.fetch(explain, timedelta(1), 10)
                plan = "\n".join(row[0] for row in rows)
                if "Seq Scan" in plan or "Sort" in plan:
                    found.append(table)
    return found
