"""Whatever is stored is registered, with what erasure does there (protection V10)."""

from stage import Stage

from tocsin_cases import places
from tocsin_contracts.streams import CASES, heard_by, told_by


async def test_every_place_is_registered_with_its_handler_and_its_age(stage: Stage) -> None:
    tables = await stage.rows("select tablename from pg_tables where schemaname = 'public'")
    there = {name for (name,) in tables} - {"alembic_version"}

    assert there == set(places.TABLES)
    heard = {consumer.stream.name for consumer in heard_by(CASES)}
    streams = {stream.name for stream in told_by(CASES)} | heard
    assert streams <= set(places.STREAMS)
    for place in (*places.TABLES.values(), *places.STREAMS.values()):
        assert place.longest is not None or place.on_erasure == places.NOBODY
