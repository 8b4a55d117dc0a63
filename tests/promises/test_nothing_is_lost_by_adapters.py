"""P1 for hotlines' own systems: what each was answered 200 for is in a case, and only once."""

from collections.abc import AsyncGenerator

import asyncpg
import pytest
import pytest_asyncio

from tests.support.channels import Channels, channels_of
from tests.support.kobo import Kobo
from tests.support.tocsin import PATIENCE, Tocsin
from tests.support.world import a_place
from tocsin_common.testing import eventually
from tocsin_contracts.streams import CASES, INTAKE

PLACE = a_place(1)
BETWEEN_KILLS = 60  # payloads taken after all is back, before the next kill
KILLED = (INTAKE, "nats", "postgres")


@pytest.fixture(scope="module")
def chosen_settings() -> dict[str, str]:
    return {"TOCSIN_OUTBOUND_PLAIN_HTTP": "true"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kobo() -> AsyncGenerator[Kobo]:
    async with Kobo().running() as server:
        yield server


async def test_whatever_is_killed_each_system_that_was_promised_something_finds_it_kept(
    tocsin: Tocsin, kobo: Kobo
) -> None:
    cases, intake = tocsin.operator(CASES), tocsin.operator(INTAKE)
    await cases.post("/v1/admin/registry/import", {"facilities": [PLACE.listed]})
    channels = await channels_of(intake, kobo, PLACE.reported)

    async with channels.running():
        for part in KILLED:
            await more_are_taken(channels)
            tocsin.kill(part)
            await tocsin.ready()
        await more_are_taken(channels)
    await tocsin.quiet()

    assert set(channels.answers) == {"200", "503", "none"}
    assert all(channels.taken_by(one.adapter) for one in channels.systems)
    stored = await complaints(tocsin)
    assert len(stored) >= len(channels.taken) + channels.taken_by("whatsapp-cloud")
    assert await filed(tocsin) == stored

    for payload in channels.taken:
        assert (await payload.deliver(tocsin.http[INTAKE])).status == 200
    assert await complaints(tocsin) == stored, "whatever was taken had been kept"

    [form] = [one.hotline for one in channels.systems if one.adapter == "kobo"]
    await intake.post(f"/v1/admin/integrations/{form.integration_id}/reconcile")
    await tocsin.quiet()
    read = await complaints(tocsin)
    assert await filed(tocsin) == read
    never_taken = len(kobo.forms) - channels.taken_by("kobo")
    assert never_taken, "Kobo gave some up while things were dead"
    assert stored.items() <= read.items()
    assert len(read) <= len(stored) + never_taken
    assert sum(one == form.integration_id for one, _ in read.values()) == len(kobo.forms)


async def more_are_taken(channels: Channels) -> None:
    before = len(channels.taken)
    await eventually(lambda: len(channels.taken) >= before + BETWEEN_KILLS, within=PATIENCE)


async def complaints(tocsin: Tocsin) -> dict[str, tuple[str, int]]:
    """Of each complaint that intake has: whose it is, and in how many cases it belongs.

    What names no issue belongs in none: it waits at cases for an officer.
    """
    return await found_in(
        tocsin,
        INTAKE,
        """
        select id, integration_id, (facts -> 'issues' <> '[]')::int as cases from complaint
    """,
    )


async def filed(tocsin: Tocsin) -> dict[str, tuple[str, int]]:
    """The same as cases has it: in how many cases each complaint is."""
    return await found_in(
        tocsin,
        CASES,
        """
        select c.id, c.integration_id, count(i.case_id)::int as cases
        from complaint c left join case_complaint i on i.complaint_id = c.id group by c.id
    """,
    )


async def found_in(tocsin: Tocsin, service: str, query: str) -> dict[str, tuple[str, int]]:
    connection = await asyncpg.connect(tocsin.stack.postgres.url(service))
    try:
        rows = await connection.fetch(query)
    finally:
        await connection.close()
    return {str(one["id"]): (str(one["integration_id"]), one["cases"]) for one in rows}
