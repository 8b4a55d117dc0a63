"""Group commit on a PostgreSQL that writes through to the disk, as in production."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from asyncpg import CheckViolationError
from builders import a_status
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cli.embedded import Postgres
from tocsin_cli.secrets import Secrets
from tocsin_common import migrations, outbox
from tocsin_common.database import Database, driver
from tocsin_common.errors import is_outage
from tocsin_common.group_commit import GroupCommit, Overloaded
from tocsin_common.testing import eventually
from tocsin_contracts.streams import CASES

Note = tuple[UUID, str]
Writing = GroupCommit[AsyncConnection, Note, UUID]

CLIENTS = 32

_WRITE = """
insert into note (id, words) select * from unnest($1::uuid[], $2::text[]) on conflict do nothing
returning id
"""


async def write(tx: AsyncConnection, notes: Sequence[Note]) -> list[UUID]:
    """Write notes, and tell of each that is new: safe to repeat."""
    ids, words = zip(*sorted(dict(notes).items()), strict=True)
    rows = await (await driver(tx)).fetch(_WRITE, ids, words)
    await outbox.record(tx, [a_status(complaint_id=row["id"]) for row in rows])
    return [note_id for note_id, _ in notes]


@pytest.fixture(scope="module")
def postgres() -> Generator[Postgres]:
    root = Path(tempfile.mkdtemp(prefix="tocsin-test-"))
    root.chmod(0o711)  # as root the server runs as somebody else
    server = Postgres(root, Secrets.generate(), durable=True)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(root)


@pytest_asyncio.fixture(loop_scope="session")
async def durable(postgres: Postgres) -> AsyncGenerator[Database]:
    database = Database(postgres.url(CASES), name="tests")
    await migrations.migrate("sample", database)
    async with database.begin() as tx:
        await tx.execute(text("truncate note, outbox"))
    yield database
    await database.close()


async def stored(database: Database) -> tuple[set[UUID], list[str]]:
    """The notes there are, and what the outbox tells of."""
    async with database.begin() as tx:
        notes = set((await tx.scalars(text("select id from note"))).all())
        told = text("select headers::json ->> 'ce-subject' from outbox")
        return notes, list((await tx.scalars(told)).all())


async def test_commits_reach_the_disk(durable: Database) -> None:
    names = ("fsync", "synchronous_commit", "full_page_writes")

    async with durable.begin() as tx:
        settings = [await tx.scalar(text(f"show {name}")) for name in names]

    assert settings == ["on", "on", "on"]


async def test_repeats_in_one_group_and_later_are_one_row(durable: Database) -> None:
    writing = Writing(durable.begin, write)
    ids = [uuid4() for _ in range(100)]

    async with writing.running():
        twice = await asyncio.gather(*(writing.join((one, "good")) for one in [*ids, *ids]))
        again = await writing.join((ids[3], "good"))

    assert twice == [*ids, *ids]
    assert again == ids[3]
    notes, told = await stored(durable)
    assert notes == set(ids)
    assert sorted(told) == sorted(map(str, ids))


async def test_a_row_that_breaks_a_constraint_fails_alone(durable: Database) -> None:
    writing = Writing(durable.begin, write)
    ids = [uuid4() for _ in range(200)]

    async with writing.running():
        results = await asyncio.gather(
            *(writing.join((one, "bad" if one == ids[77] else "good")) for one in ids),
            return_exceptions=True,
        )

    assert isinstance(results[77], CheckViolationError)
    good = set(ids) - {ids[77]}
    assert {one for one in results if isinstance(one, UUID)} == good
    notes, told = await stored(durable)
    assert notes == good
    assert sorted(told) == sorted(map(str, good))


async def test_what_was_answered_is_stored_and_told_although_postgresql_is_killed(
    durable: Database, postgres: Postgres
) -> None:
    writing = Writing(durable.begin, write, patience=5)
    answered: set[UUID] = set()
    mistaken: list[str] = []
    stop = asyncio.Event()

    async def client() -> None:
        while not stop.is_set():
            note_id = uuid4()
            while note_id not in answered:
                try:
                    answered.add(await writing.join((note_id, "good" * 100)))
                except Exception as error:
                    if not isinstance(error, Overloaded) and not is_outage(error):
                        mistaken.append(repr(error))
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), 0.05)

    async def more(count: int) -> None:
        before = len(answered)
        await eventually(lambda: len(answered) > before + count)

    async with writing.running(), asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(client())
        for _ in range(3):
            await more(20 * CLIENTS)
            postgres.kill()
            postgres.start()
            await more(CLIENTS)
        stop.set()

    notes, told = await stored(durable)
    assert not mistaken
    assert answered <= notes
    assert len(told) == len(set(told)) == len(notes)
    assert set(told) == set(map(str, notes))
