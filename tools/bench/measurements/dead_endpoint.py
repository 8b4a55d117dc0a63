"""What one endpoint that never answers costs ninety-nine others."""

from statistics import median

from bench import Bench
from measurement import Aim, Found, Measurement
from sending import deliver, receiving
from world import ORDINARY

COUNT = 5_000


def measure(bench: Bench) -> Found:
    """The same queue with and without a dead one, in turns: how much less the others get."""
    with receiving() as port:
        deliver(bench, port, 2000)
        well: list[float] = []
        beside: list[float] = []
        for _ in range(5):
            well.append(deliver(bench, port, COUNT).per_s)
            beside.append(deliver(bench, port, COUNT, one_dead=True).per_s)
    return {"dead_endpoint_cost": 1 - median(beside) / median(well)}


MEASUREMENT = Measurement(
    "dead_endpoint",
    "One endpoint among 100 that hangs, and what that costs the others.",
    ORDINARY,
    measure,
    {"dead_endpoint_cost": Aim(0.05)},
)
