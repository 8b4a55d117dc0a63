"""P4: what cannot be handled is kept, visible, and applied once its cause is mended."""

import asyncio
import json
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.support import world
from tests.support.clients import Json
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE, Tocsin
from tests.support.world import World, a_complaint, a_place
from tocsin_common.testing import eventually
from tocsin_contracts import taxonomy
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_contracts.streams import CASES, INTAKE

WITH_A_NEW_CODE, HARD_TO_FIND, ORDINARY = (a_place(number) for number in range(3))
ROBOTS = "safety.robots"


@pytest.fixture(scope="module")
def taxonomy_file() -> Generator[Path]:
    """The operator's own taxonomy: as shipped, until the operator changes it."""
    with TemporaryDirectory(prefix="tocsin-test-") as directory:
        path = Path(directory) / "taxonomy.json"
        path.write_text(taxonomy.shipped().model_dump_json())
        yield path


@pytest.fixture(scope="module")
def chosen_settings(taxonomy_file: Path) -> dict[str, str]:
    return {"TOCSIN_TAXONOMY_FILE": str(taxonomy_file)}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everybody(tocsin: Tocsin, receiver: Receiver) -> World:
    return await world.build(tocsin, receiver, [WITH_A_NEW_CODE, HARD_TO_FIND, ORDINARY])


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    output: str
    errors: str

    @property
    def json(self) -> Json:
        return json.loads(self.output)


async def dlq(tocsin: Tocsin, *arguments: str) -> Ran:
    """Run `tocsin dlq` as an operator does, against what is running."""
    command = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("tocsin"),
        *("dlq", *arguments, "--json", "--data-dir", str(tocsin.stack.directory)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await command.communicate()
    return Ran(command.returncode or 0, output.decode(), errors.decode())


async def test_an_event_with_an_unknown_code_waits_until_the_taxonomy_has_it(
    tocsin: Tocsin, receiver: Receiver, everybody: World, taxonomy_file: Path
) -> None:
    report = a_complaint("Night line 1", WITH_A_NEW_CODE, issues=[ROBOTS])
    complaint_id = (await everybody.hotline.report(report))["complaint_id"]
    await tocsin.quiet()

    [letter] = (await dlq(tocsin, "ls")).json
    number = str(letter["id"])
    assert (letter["service"], letter["subject"]) == (CASES, ComplaintReceived.subject)
    assert letter["reason"].startswith("UnknownIssue")
    shown = (await dlq(tocsin, "show", CASES, number)).json
    assert shown["body"]["complaint_id"] == complaint_id
    assert (await dlq(tocsin, "retry", CASES, number)).code == 1, "nothing was mended yet"

    learn_of_robots(taxonomy_file)
    await tocsin.restart(CASES)

    assert (await dlq(tocsin, "retry", CASES, number)).code == 0
    assert (await dlq(tocsin, "ls")).json == []
    filed = await everybody.officer.get(f"/v1/complaints/{complaint_id}")
    assert filed["issues"] == [ROBOTS]
    await eventually(lambda: receiver.hits, within=PATIENCE)


def learn_of_robots(taxonomy_file: Path) -> None:
    """Add a code for what nobody thought of."""
    known = taxonomy.shipped()
    robots = known.issue("safety.machines").model_copy(update={"code": ROBOTS})
    more = known.model_copy(update={"codes": (*known.codes, robots)})
    taxonomy_file.write_text(more.model_dump_json())


async def test_an_undecodable_event_is_visible_and_harms_nothing_around_it(
    tocsin: Tocsin, everybody: World
) -> None:
    secret = "They keep our passports"
    async with tocsin.on_the_bus_as(INTAKE) as bus:
        await bus.jetstream().publish(
            ComplaintReceived.subject,
            json.dumps({"complaint_id": secret}).encode(),
            headers={"Nats-Msg-Id": str(uuid4())},
        )
    receipt = await everybody.hotline.report(a_complaint("Night line 2", ORDINARY))
    await tocsin.quiet()

    [letter] = (await dlq(tocsin, "ls")).json
    number = str(letter["id"])
    assert letter["service"] == CASES
    assert letter["reason"].startswith("ValidationError")
    assert letter["retry_at"] is None
    shown = await dlq(tocsin, "show", CASES, number)
    assert shown.json["body"] is None, "what does not decode may hold anything"
    assert secret not in shown.output
    assert await everybody.officer.get(f"/v1/complaints/{receipt['complaint_id']}")

    assert (await dlq(tocsin, "drop", CASES, number, "--yes")).code == 0
    assert (await dlq(tocsin, "ls")).json == []


async def test_an_unmatched_facility_waits_where_officers_look(
    tocsin: Tocsin, receiver: Receiver, everybody: World
) -> None:
    before = len(receiver.hits)
    report = a_complaint("Night line 3", HARD_TO_FIND, facility={"name": "Behind the blue gate"})
    complaint_id = (await everybody.hotline.report(report))["complaint_id"]
    await tocsin.quiet()

    [waiting] = await everybody.officer.waiting()
    assert waiting["complaint_id"] == complaint_id
    assert waiting["facility_name"] == "Behind the blue gate"
    ledger = await tocsin.operator(CASES).get("/v1/admin/ledger")
    assert ledger["complaints"]["unmatched"] == 1

    await everybody.officer.match(complaint_id, everybody.facility_ids[HARD_TO_FIND.name])

    assert await everybody.officer.waiting() == []
    await eventually(lambda: len(receiver.hits) > before, within=PATIENCE)
