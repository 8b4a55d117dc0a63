"""How many lines of a batch become durable in a second, beside COPY of the same rows."""

import json
import subprocess
import sys

from bench import HERE, Bench
from measurement import Aim, Found, Measurement
from processes import resident_mb
from world import ORDINARY

from tocsin_contracts.streams import INTAKE

LINES = 100_000
TABLES = ("complaint", "data_key", "vault_entry", "acceptance")


def measure(bench: Bench) -> Found:
    """Send one batch from another process; then copy what it stored, table by table.

    COPY writes the same rows into empty tables of the same form and durability, in one
    transaction and without deciding or sealing anything: the most that the disk could do.
    """
    pid = bench.world.stack.services[INTAKE].pid or 0
    before = resident_mb([pid])
    command = [sys.executable, str(HERE / "batch_load.py"), f"{bench.intake}/batch"]
    done = subprocess.run(
        [*command, bench.world.hotline_key, str(LINES), str(pid)],
        check=True,
        stdout=subprocess.PIPE,
    )
    told = json.loads(done.stdout)
    seconds = bench.questions.copy_again(INTAKE, TABLES)
    return {
        "batch_lines_per_s": LINES / told["seconds"],
        "copy_lines_per_s": LINES / seconds,
        "batch_of_copy": seconds / told["seconds"],
        "batch_intake_grew_mb": told["peak_mb"] - before,
    }


MEASUREMENT = Measurement(
    "batch",
    "A batch of 100,000 lines, beside COPY of the rows it stores.",
    ORDINARY,
    measure,
    {"batch_intake_grew_mb": Aim(50)},
)
