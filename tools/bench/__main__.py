"""`make bench`: one run, durable settings, everything on that production has.

Prints a table and writes build/bench.json. Ratios to the floor of the same run travel to other
machines; absolute numbers do not.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from world import FACILITIES, World, cpu_seconds, resident_mb, running

from tocsin_cli.embedded.ports import free_port
from tocsin_contracts.streams import CASES, INTAKE

HERE = Path(__file__).parent
OPEN_CASES = (
    2000  # facilities most complaints are about; the rest have no case until alerts are timed
)
QUIET = 60.0  # seconds until everything that was sent must have come to rest
AIMS: dict[str, tuple[str, float]] = {
    "accept_of_floor_32": ("at least", 0.70),
    "accept_cpu_s_per_1000": ("at most", 0.6),
    "events_per_s": ("at least", 5000),
    "case_p50_ms_10": ("at most", 10),
    "case_p99_ms_100": ("at most", 60),
    "alert_p50_ms_10": ("at most", 10),
    "alert_p99_ms_100": ("at most", 60),
    "startup_s": ("at most", 5),
    "rss_mb": ("at most", 450),
}


class Bench:
    """The measurements, one after the other, on one running Tocsin."""

    def __init__(self, world: World, floor_port: int, notes: Path) -> None:
        self.world = world
        self.floor = f"http://127.0.0.1:{floor_port}/v1/complaints"
        self.intake = world.url(INTAKE, "/v1/complaints")
        self.notes = notes
        self.found: dict[str, float] = {}

    def accept(self) -> None:
        """Accepted complaints a second beside the floor, and what they cost."""
        services = [one.pid for one in self.world.stack.services.values() if one.pid]
        pids = [*services, self.world.stack.postgres.pid or 0]
        self.load(self.floor, 32, 2)
        self.load(self.intake, 32, 2)
        floors: list[float] = []
        rates: list[float] = []
        for _ in range(3):  # alternating, so that a slow minute slows both
            floors.append(self.load(self.floor, 32, 4)["per_s"])
            before = cpu_seconds(pids)
            answered = self.load(self.intake, 32, 4)
            spent = cpu_seconds(pids) - before
            rates.append(answered["per_s"])
            self.found["accept_cpu_s_per_1000"] = spent / sum(answered["statuses"].values()) * 1000
        self.found["accept_floor_per_s_32"] = sorted(floors)[1]
        self.found["accept_per_s_32"] = sorted(rates)[1]
        self.found["accept_of_floor_32"] = sorted(rates)[1] / sorted(floors)[1]
        self.found["accept_per_s_1"] = self.load(self.intake, 1, 3)["per_s"]
        self.found["accept_per_s_64"] = self.load(self.intake, 64, 4)["per_s"]
        self.quiet()

    def events(self) -> None:
        """Events a second through cases with its real rules, from a full stream."""
        cases = self.world.stack.services[CASES]
        cases.stop()
        self.load(self.intake, 64, 8)
        began = self.count(CASES, "complaint")
        everything = self.settled_count(INTAKE, "complaint")
        cases.start()
        marks: list[tuple[float, int]] = []
        while not marks or marks[-1][1] < everything:
            marks.append((time.perf_counter(), self.count(CASES, "complaint")))
            time.sleep(0.05)
        low = began + 0.1 * (everything - began)
        inside = [mark for mark in marks if mark[1] >= low]
        (start, first), (end, last) = inside[0], inside[-1]
        self.found["events_per_s"] = (last - first) / max(end - start, 0.001)
        self.quiet()

    def case_latency(self) -> None:
        """From the commit before the 201 to the commit that files it in its case."""
        for rate, seconds in ((10, 10), (100, 10)):
            known = self.commits(CASES, "complaint")
            self.load(self.intake, 16, seconds, rate=rate)
            self.quiet()
            filed = self.commits(CASES, "complaint")
            accepted = self.commits(INTAKE, "data_key", "complaint_id")  # never updated since
            self.note("case", rate, [filed[one] - accepted[one] for one in filed.keys() - known])

    def alert_latency(self) -> None:
        """From the commit that releases an alert to its arrival at the buyer's endpoint."""
        self.world.subscribe()
        fresh = OPEN_CASES
        for rate, seconds in ((10, 10), (100, 5)):
            known = self.commits(CASES, "alert")
            self.load(self.intake, 16, seconds, rate=rate, first=fresh)
            fresh += rate * seconds
            self.quiet()
            released = self.commits(CASES, "alert")
            new = released.keys() - known
            arrived = self.arrivals(new)
            self.note("alert", rate, [arrived[one] - released[one] for one in new])

    def note(self, what: str, rate: int, seconds: list[float]) -> None:
        ordered = sorted(1000 * one for one in seconds)
        self.found[f"{what}_p50_ms_{rate}"] = ordered[len(ordered) // 2]
        self.found[f"{what}_p99_ms_{rate}"] = ordered[int(len(ordered) * 0.99)]

    def load(
        self, url: str, connections: int, seconds: float, *, rate: float = 0, first: int = 0
    ) -> Any:
        """Send complaints from another process; about open cases unless `first` says otherwise."""
        facilities = FACILITIES if first else OPEN_CASES
        numbers = (connections, seconds, rate, facilities, first)
        command = [sys.executable, str(HERE / "load.py"), url, self.world.hotline_key]
        done = subprocess.run([*command, *map(str, numbers)], check=True, stdout=subprocess.PIPE)
        answered = json.loads(done.stdout)
        if set(answered["statuses"]) != {"201"}:
            raise SystemExit(f"not every request was answered 201: {answered['statuses']}")
        return answered

    def sql(self, service: str, query: str) -> list[list[str]]:
        printed = self.world.stack.postgres.run(f"\\connect tocsin_{service}\n{query};")
        return [line.split("|") for line in printed.splitlines() if "|" in line]

    def count(self, service: str, table: str) -> int:
        return int(self.sql(service, f"select count(*), 0 from {table}")[0][0])  # noqa: S608

    def settled_count(self, service: str, table: str) -> int:
        """How many there are, once everything told of them lies in the streams."""
        self.until(lambda: self.count(service, "outbox") == 0)
        return self.count(service, table)

    def commits(self, service: str, table: str, key: str = "id") -> dict[str, float]:
        """When each row was committed, in seconds."""
        when = "extract(epoch from pg_xact_commit_timestamp(xmin))"
        rows = self.sql(service, f"select {key}, {when} from {table}")  # noqa: S608
        return {row[0]: float(row[1]) for row in rows}

    def arrivals(self, alerts: set[str]) -> dict[str, float]:
        """When the first version of each alert arrived, in seconds."""

        def noted() -> dict[str, float]:
            rows = [line.split() for line in self.notes.read_text().splitlines()]
            return {row[0]: float(row[2]) for row in rows if row[1] == "1"}

        self.until(lambda: alerts <= noted().keys())
        return noted()

    def quiet(self) -> None:
        """Wait until every accepted complaint is in cases and nothing is on its way."""
        everything = self.settled_count(INTAKE, "complaint")
        self.until(lambda: self.count(CASES, "complaint") == everything)
        self.until(lambda: self.count(CASES, "outbox") == 0)
        time.sleep(0.5)

    def until(self, check: Callable[[], bool]) -> None:
        deadline = time.monotonic() + QUIET
        while not check():
            if time.monotonic() > deadline:
                raise SystemExit(f"not at rest after {QUIET:.0f} s")
            time.sleep(0.1)


def startup(directory: Path) -> tuple[float, float]:
    """Seconds until all services are ready on existing data, and MB they hold when idle."""
    began = time.perf_counter()
    with running(directory) as world:
        took = time.perf_counter() - began
        time.sleep(3)
        services = [one.pid for one in world.stack.services.values() if one.pid]
        return took, resident_mb(services)


def table(found: dict[str, float]) -> Table:
    shown = Table("measured", "value", "aim", title="make bench")
    for name, value in found.items():
        word, aim = AIMS.get(name, ("", 0))
        met = not word or (value >= aim if word == "at least" else value <= aim)
        style = "" if not word else "green" if met else "yellow"
        shown.add_row(name, f"{value:,.2f}", f"{word} {aim:g}" if word else "", style=style)
    return shown


def main() -> None:
    console = Console()
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as temporary:
        root = Path(temporary)
        root.chmod(0o711)
        data, notes = root / "data", root / "arrivals"
        notes.touch()
        floor_port, sink_port = free_port(), free_port()
        helpers = [
            subprocess.Popen([sys.executable, str(HERE / "floor.py"), str(floor_port)]),
            subprocess.Popen([sys.executable, str(HERE / "sink.py"), str(sink_port), str(notes)]),
        ]
        try:
            with running(data) as world:
                world.settle(f"http://127.0.0.1:{sink_port}/")
                bench = Bench(world, floor_port, notes)
                for what in (bench.accept, bench.events, bench.case_latency, bench.alert_latency):
                    console.print(f"[dim]{(what.__doc__ or '').splitlines()[0]}")
                    what()
            found = bench.found
            console.print("[dim]Starting up on these data.")
            found["startup_s"], found["rss_mb"] = startup(data)
        finally:
            for helper in helpers:
                helper.terminate()
                helper.wait(10)
    console.print(table(found))
    build = HERE.parent.parent / "build"
    build.mkdir(exist_ok=True)
    rounded = {name: round(value, 3) for name, value in found.items()}
    (build / "bench.json").write_text(json.dumps(rounded, indent=2) + "\n")


if __name__ == "__main__":
    main()
