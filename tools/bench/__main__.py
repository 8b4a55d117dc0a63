"""`make bench`: one run, durable settings, everything on that production has.

Prints a table and writes build/bench.json. Ratios to the floor of the same run travel to other
machines; absolute numbers do not. `make bench ARGS="--only events"` measures a part.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from bench import HERE, Bench
from measurement import Aim, Found, Measurement
from measurements import ALL
from rich.console import Console
from rich.table import Table
from world import World

from tocsin_cli.embedded.ports import free_port

BUILD = HERE.parent.parent / "build"


def run(measurements: Sequence[Measurement], console: Console) -> Found:
    """Measure, each Tocsin in a directory of its own."""
    found: Found = {}
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as temporary:
        root = Path(temporary)
        root.chmod(0o711)
        arrivals = root / "arrivals"
        arrivals.touch()
        floor_port, sink_port = free_port(), free_port()
        helpers = [
            subprocess.Popen([sys.executable, str(HERE / "floor.py"), str(floor_port)]),
            subprocess.Popen(
                [sys.executable, str(HERE / "sink.py"), str(sink_port), str(arrivals)]
            ),
        ]
        try:
            for number, (settings, group) in enumerate(groupby(measurements, _settings)):
                world = World(root / f"data-{number}", settings)
                bench = Bench(world, floor_port, arrivals)
                try:
                    world.start(f"http://127.0.0.1:{sink_port}/")
                    for one in group:
                        console.print(f"[dim]{one.says}")
                        found |= one.measure(bench)
                finally:
                    bench.questions.close()
                    world.stop()
        finally:
            for helper in helpers:
                helper.terminate()
                helper.wait(10)
    return found


def _settings(one: Measurement) -> dict[str, str]:
    return dict(one.settings)


def table(found: Found, aims: dict[str, Aim]) -> Table:
    shown = Table("measured", "value", "aim", "", title="make bench")
    for name, value in found.items():
        aim = aims.get(name)
        if not aim:
            shown.add_row(name, f"{value:,.2f}", "", "", style="dim")
            continue
        met = aim.met(value)
        word, style = ("met", "green") if met else ("missed", "yellow")
        shown.add_row(name, f"{value:,.2f}", str(aim), word, style=style)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench")
    names = [one.name for one in ALL]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    wanted = parser.parse_args().only
    console = Console()
    chosen = [one for one in ALL if one.name in wanted]
    found = run(chosen, console)
    console.print(table(found, {name: aim for one in chosen for name, aim in one.aims.items()}))
    BUILD.mkdir(exist_ok=True)
    rounded = {name: round(value, 3) for name, value in found.items()}
    (BUILD / "bench.json").write_text(json.dumps(rounded, indent=2) + "\n")


if __name__ == "__main__":
    main()
