"""The play itself: everybody posts, dies, confirms, hears and asks at once, until it is quiet."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

from tocsin_cli import trying_out
from tocsin_cli.demo import foresight
from tocsin_cli.demo.cast import Operator
from tocsin_cli.demo.door import Door
from tocsin_cli.demo.killing import Kill, Killer
from tocsin_cli.demo.ledger import Expected, Ledger, balance
from tocsin_cli.demo.material import Material
from tocsin_cli.demo.officer import Officer
from tocsin_cli.demo.posting import Posting, posts
from tocsin_cli.demo.progress import Progress
from tocsin_cli.demo.real_data import RealData
from tocsin_cli.demo.receiver import Receiver
from tocsin_cli.demo.stage import Stage
from tocsin_cli.demo.waiting import until
from tocsin_cli.demo.witness import Before, Witness
from tocsin_contracts.streams import INTAKE, NOTIFICATIONS, SERVICES

SETTINGS = {
    **trying_out.SETTINGS,
    "TOCSIN_RETRY_SCALE": "0.02",  # a delivery that failed is tried again within a second
    "TOCSIN_LEASE_SECONDS": "2",  # and one whose sender died soon after
}
LOOK = 0.25  # seconds between looks at how far it has come


@dataclass(frozen=True)
class Played:
    """What came of it."""

    ledger: Ledger
    latencies: dict[str, list[float]]
    """In seconds."""
    kills: Sequence[Kill]
    notes: Sequence[str]


async def play(
    stage: Stage, material: Material, real: RealData | None, progress: Progress
) -> Played:
    """Play everything once on services that are ready.

    Raises:
        TocsinError: a service refuses what it should not, or stays away.
    """
    receiver = Receiver()
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout) as http, receiver.running(stage.host):
        operator = Operator(stage, http)
        cast = await operator.register(material, receiver)
        updates = [*material.updates]
        if real:
            brought = await operator.import_suppliers(real.suppliers)
            updates += real.updates
            progress.say(_about(real, brought))
        posting = Posting(http, posts(cast, material.complaints, updates))
        officer = Officer(cast.officer, cast.names)
        before = await Before.of(operator.cases, cast.officer)
        expected = _expected(posting, material, stage)
        witness = Witness(cast, operator.cases, before, receiver, posting, expected, progress)
        killer = Killer(stage, _doors(stage, http), progress, _plan(stage, posting, receiver))

        async def all_came() -> bool:
            return witness.has_seen_all and killer.all_back

        async def all_is_calm() -> bool:
            return witness.has_seen_all and witness.calm_for > stage.calm

        meanwhile = [killer.work(), officer.work(), witness.follow(), witness.look(every=LOOK)]
        async with _beside(meanwhile):
            try:
                async with asyncio.timeout(stage.deadline):
                    await posting.run()
                    await until(all_came, every=LOOK)
                    await witness.end_an_alert()
                    await until(all_is_calm, every=LOOK)
            except TimeoutError:
                progress.say(f"Not quiet after {stage.deadline:.0f} s; this is how it stands.")
            seen = await witness.testify(killer.kills)
            suppliers = await witness.suppliers()
        return Played(
            ledger=balance(witness.expected, seen),
            latencies={
                "from POST to 201": posting.seconds,
                "from 201 to its case": witness.seconds_to_case,
                "from slot to webhook": receiver.seconds_after_slot,
            },
            kills=killer.plan,
            notes=_notes(posting, officer, suppliers),
        )


def _notes(posting: Posting, officer: Officer, suppliers: Mapping[str, int]) -> list[str]:
    notes = [
        f"Requests that hotlines made again because nobody answered: {posting.again}",
        f"Matches an officer confirmed: {officer.confirmed}, rejected: {officer.rejected}",
        "Alerts that stand, by supplier, in the portal: "
        + ", ".join(f"{name} {alerts}" for name, alerts in suppliers.items()),
    ]
    if posting.refused:
        notes.append(f"Posts were refused with {sorted(set(posting.refused))}")
    return notes


def _expected(posting: Posting, material: Material, stage: Stage) -> Expected:
    foreseen = foresight.expected(
        posting.sent,
        [one for rows in material.complaints.values() for one in rows],
        material.suppliers,
        material.buyers,
    )
    return replace(foreseen, fewest_kills=stage.fewest_kills)


def _plan(stage: Stage, posting: Posting, receiver: Receiver) -> list[Kill]:
    if not stage.fewest_kills:
        return []
    return [
        Kill(INTAKE, lambda: posting.done > posting.total * 0.3, "while hotlines post"),
        Kill("nats", lambda: posting.done > posting.total * 0.6, "while complaints travel"),
        Kill(NOTIFICATIONS, lambda: len(receiver.webhooks) > 3, "while webhooks leave"),
    ]


def _doors(stage: Stage, http: aiohttp.ClientSession) -> dict[str, Door]:
    return {service: Door(http, stage.url(service), "") for service in SERVICES}


def _about(real: RealData, brought: Any) -> str:
    return (
        f"Real data from {real.folder}: {len(real.suppliers)} supplier rows "
        f"({brought['facilities']['new']} facilities), {len(real.updates)} WhatsApp updates"
    )


@asynccontextmanager
async def _beside(work: Sequence[Coroutine[Any, Any, None]]) -> AsyncGenerator[None]:
    """Work on beside the block, until it ends; what breaks there breaks the block."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
            yield
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as broken:
        raise broken.exceptions[0] from None
