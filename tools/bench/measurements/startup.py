"""How fast everything starts on existing data, and what it costs when nothing happens."""

import time

from bench import Bench
from measurement import Aim, Found, Measurement
from processes import resident_mb
from world import ORDINARY

SETTLED = 2.0  # seconds after the start until everybody rests
IDLE = 5.0  # seconds that are watched


def measure(bench: Bench) -> Found:
    """Start again on what the measurements before left, then watch it rest."""
    bench.questions.let_go()
    took = bench.world.restart()
    time.sleep(SETTLED)
    before = bench.cpu()
    time.sleep(IDLE)
    spent = {part: seconds - before[part] for part, seconds in bench.cpu().items()}
    return {
        "startup_s": took,
        "rss_mb": resident_mb(bench.service_pids()),
        "idle_cpu_percent": sum(spent.values()) / IDLE * 100,
    }


MEASUREMENT = Measurement(
    "startup",
    "Starting up on these data, and resting.",
    ORDINARY,
    measure,
    {"startup_s": Aim(5), "rss_mb": Aim(450)},
)
