"""Intake is killed while it fetches a file: it is fetched again, kept once, and never in clear."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import media as files
import pytest
import pytest_asyncio
from aiohttp import web
from nats.aio.client import Client as Nats
from processes import Process
from sqlalchemy import text
from standins import StandIn, giving_out
from systems import register
from test_media import access, bytes_in, is_kept, rows, sent

from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_intake.attachments.service import Attachments
from tocsin_intake.attachments.store import Store
from tocsin_intake.settings import Settings
from tocsin_intake.vault.keys import LocalKeys

LEASE_ENDS = "update sent_along set due_at = now() where state = 'waiting'"


@pytest_asyncio.fixture(loop_scope="session")
async def system() -> AsyncGenerator[StandIn]:
    async with giving_out(files.jpeg()) as one:
        yield one


@pytest.fixture
def intake(environment: dict[str, str], tmp_path: Path, streams: Nats) -> Process:
    return Process(environment | {"TOCSIN_OUTBOUND_PLAIN_HTTP": "true"}, tmp_path)


async def the_lease_ends(database: Database) -> None:
    """As after a quarter of an hour."""
    async with database.begin() as tx:
        await tx.execute(text(LEASE_ENDS))


def names_in(folder: Path) -> set[str]:
    return {one.name for one in folder.rglob("*") if one.is_file()}


def in_clear(system: StandIn, *folders: Path) -> list[bytes]:
    """What lies there of the file as it was sent."""
    lying = b"".join(map(bytes_in, folders))
    size = len(system.file)
    pieces = [system.file[begin : begin + 48] for begin in range(0, size - 48, 48)]
    return [one for one in (*pieces, files.CANARY.encode()) if one in lying]


@pytest.mark.timeout(300)
async def test_a_file_of_which_half_had_come_is_fetched_again_and_kept_once(
    intake: Process,
    operator: dict[str, str],
    system: StandIn,
    database: Database,
    settings: Settings,
    attachments_folder: Path,
    tmp_path: Path,
) -> None:
    half_is_there = asyncio.Event()

    async def slowly(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(system.file))})
        await response.prepare(request)
        await response.write(system.file[: len(system.file) // 2])
        half_is_there.set()
        await asyncio.sleep(3600)  # the connection breaks first
        return response

    system.instead = slowly
    before = names_in(attachments_folder)
    async with intake.running() as client:
        line = await register(client, operator, "generic", **access("generic", system))
        await line.send(sent("generic", system))
        await asyncio.wait_for(half_is_there.wait(), 120)
    assert in_clear(system, tmp_path, attachments_folder) == []
    [(state, attempts)] = await rows(database, "select state, attempts from sent_along")
    assert (state, attempts) == ("waiting", 1)

    system.instead = None
    await the_lease_ends(database)
    async with intake.running():
        complaint_id, attachment_id = await is_kept(database)

    kept = Attachments(database, Store(settings), LocalKeys(settings.vault_key))
    media_type, _ = await kept.open(complaint_id, attachment_id)
    assert media_type == "image/jpeg"
    assert await rows(database, "select id from attachment") == [(attachment_id,)]
    assert await rows(database, "select id from sent_along") == []
    assert names_in(attachments_folder) - before == {attachment_id.hex}
    assert in_clear(system, tmp_path, attachments_folder) == []


@pytest.mark.timeout(300)
async def test_a_file_that_was_sealed_and_not_yet_given_to_its_complaint_becomes_evidence_once(
    intake: Process,
    operator: dict[str, str],
    system: StandIn,
    database: Database,
    attachments_folder: Path,
    tmp_path: Path,
) -> None:
    locked = asyncio.Event()

    async def later(_: web.Request) -> web.StreamResponse:
        await locked.wait()
        return web.Response(body=system.file)

    async def sealed() -> Any:
        return await rows(database, "select id from attachment where stored")

    system.instead = later
    async with intake.running() as client:
        line = await register(client, operator, "generic", **access("generic", system))
        await line.send(sent("generic", system))
        async with database.begin() as tx:  # so that the file cannot be given to it
            await tx.execute(text("select id from complaint for update"))
            locked.set()
            [(first,)] = await eventually(sealed, within=120)
            await intake.kill()
    await the_lease_ends(database)
    async with intake.running():
        _, attachment_id = await is_kept(database)

    assert attachment_id != first
    assert await rows(
        database, "select id from attachment where complaint_id is null and expires_at is not null"
    ) == [(first,)], "nobody's: it goes in a day"
    assert in_clear(system, tmp_path, attachments_folder) == []
