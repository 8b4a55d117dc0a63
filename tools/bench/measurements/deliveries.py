"""How many deliveries go out in a second, and what one costs, beside the bare client."""

from statistics import median

from bench import Bench
from measurement import Aim, Found, Measurement
from sending import deliver, floor, receiving
from world import ORDINARY

COUNT = 10_000
AT_ONCE = 64


def measure(bench: Bench) -> Found:
    """A full queue to a local receiver, every attempt noted, and the client alone in turns."""
    with receiving() as port:
        floor(port, 2000, AT_ONCE)
        deliver(bench, port, 2000)
        floors: list[float] = []
        rates: list[float] = []
        costs: list[dict[str, float]] = []
        for _ in range(3):  # alternating, so that a slow minute slows both
            floors.append(floor(port, COUNT, AT_ONCE)["per_s"])
            done = deliver(bench, port, COUNT)
            rates.append(done.per_s)
            costs.append(done.cpu_s_per_1000)
    parts = ("notifications", "postgres", "nats")
    each = {name: median(one[name] for one in costs) for name in parts}
    return {
        "deliveries_per_s": median(rates),
        "deliveries_floor_per_s": median(floors),
        "deliveries_of_floor": median(rates) / median(floors),
        "deliveries_cpu_s_per_1000": sum(each.values()),
        **{f"deliveries_cpu_s_per_1000_{name}": cost for name, cost in each.items()},
    }


MEASUREMENT = Measurement(
    "deliveries",
    "Deliveries a second beside the bare client, and what they cost.",
    ORDINARY,
    measure,
    {
        "deliveries_per_s": Aim(3000, at_least=True),
        "deliveries_of_floor": Aim(0.3, at_least=True),
        "deliveries_cpu_s_per_1000": Aim(1),
    },
)
