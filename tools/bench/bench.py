"""What measurements work with: a running Tocsin, a load, the floor, and how to see what came."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import cpu_seconds
from questions import Questions
from world import FACILITIES, World

from tocsin_contracts.streams import CASES, INTAKE

HERE = Path(__file__).parent
OPEN_CASES = 2000
"""Facilities most complaints are about; the rest have no case until something needs a new one."""
QUIET = 90.0  # seconds until everything that was sent must have come to rest


@dataclass(frozen=True)
class Answered:
    """What a load's own process saw."""

    count: int
    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_s: float
    """Its own processor time: it works on the same machine."""


class Bench:
    """One running Tocsin, and beside it the floor and a buyer's endpoint."""

    def __init__(self, world: World, floor_port: int, arrivals: Path) -> None:
        self.world = world
        self.questions = Questions(world)
        self.floor = f"http://127.0.0.1:{floor_port}/v1/complaints"
        self._arrivals = arrivals

    @property
    def intake(self) -> str:
        """Where complaints go."""
        return self.world.url(INTAKE, "/v1/complaints")

    def load(
        self, url: str, connections: int, seconds: float, *, rate: float = 0, first: int = 0
    ) -> Answered:
        """Send complaints from another process; about open cases unless `first` says otherwise.

        With a rate they leave at fixed times; without, as fast as answers come.
        """
        facilities = FACILITIES if first else OPEN_CASES
        numbers = (connections, seconds, rate, facilities, first)
        command = [sys.executable, str(HERE / "load.py"), url, self.world.hotline_key]
        done = subprocess.run([*command, *map(str, numbers)], check=True, stdout=subprocess.PIPE)
        told: dict[str, Any] = json.loads(done.stdout)
        if set(statuses := told.pop("statuses")) != {"201"}:
            raise SystemExit(f"not every request was answered 201: {statuses}")
        return Answered(count=statuses["201"], **told)

    def cpu(self) -> dict[str, float]:
        """Processor seconds so far of each service, of PostgreSQL and of NATS."""
        stack = self.world.stack
        parts = {**stack.services, "postgres": stack.postgres, "nats": stack.nats}
        return {name: cpu_seconds(one.pid) for name, one in parts.items() if one.pid}

    def service_pids(self) -> list[int]:
        return [one.pid for one in self.world.stack.services.values() if one.pid]

    def quiet(self) -> None:
        """Wait until every accepted complaint is in its case and its receipt shows it."""
        count = self.questions.count
        self.until(lambda: count(INTAKE, "outbox") == 0)
        everything = count(INTAKE, "complaint")
        self.until(lambda: count(CASES, "complaint") == everything)
        self.until(lambda: count(CASES, "outbox") == 0)
        self.until(lambda: count(INTAKE, "complaint", "status = 'received'") == 0)

    def arrivals(self, alerts: set[str]) -> dict[str, float]:
        """When the first version of each alert arrived at the buyer's endpoint, in seconds."""

        def noted() -> dict[str, float]:
            rows = [line.split() for line in self._arrivals.read_text().splitlines()]
            return {row[0]: float(row[2]) for row in rows if row[1] == "1"}

        self.until(lambda: alerts <= noted().keys())
        return noted()

    def until(self, check: Callable[[], bool]) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + QUIET
        while not check():
            if time.monotonic() > deadline:
                raise SystemExit(f"not at rest after {QUIET:.0f} s")
            time.sleep(0.1)


def percentiles(what: str, rate: int, seconds: list[float]) -> dict[str, float]:
    """`<what>_p50_ms_<rate>` and `<what>_p99_ms_<rate>`."""
    ordered = sorted(1000 * one for one in seconds)
    return {
        f"{what}_p50_ms_{rate}": ordered[len(ordered) // 2],
        f"{what}_p99_ms_{rate}": ordered[int(len(ordered) * 0.99)],
    }
