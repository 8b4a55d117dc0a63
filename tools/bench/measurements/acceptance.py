"""How many complaints are accepted, beside the floor of the same minute, and what each costs."""

from bench import Bench
from measurement import Aim, Found, Measurement
from world import ORDINARY

ROUNDS = 3


def measure(bench: Bench) -> Found:
    """Alternate floor and acceptance, so that a slow minute slows both.

    The cost counts everything that follows from a complaint until it has come to rest: shipped,
    filed in its case, and told back to its receipt.
    """
    bench.load(bench.floor, 32, 2)
    bench.load(bench.intake, 32, 2)
    bench.quiet()
    floors: list[float] = []
    rates: list[float] = []
    spent: dict[str, float] = {}
    accepted, load_cpu = 0, 0.0
    for _ in range(ROUNDS):
        floors.append(bench.load(bench.floor, 32, 4).per_s)
        before = bench.cpu()
        answered = bench.load(bench.intake, 32, 4)
        bench.quiet()
        for part, seconds in bench.cpu().items():
            spent[part] = spent.get(part, 0) + seconds - before[part]
        rates.append(answered.per_s)
        accepted += answered.count
        load_cpu += answered.cpu_s
    per_1000 = {part: seconds / accepted * 1000 for part, seconds in spent.items()}
    nats = per_1000.pop("nats")
    found = {
        "accept_per_s_1": bench.load(bench.intake, 1, 3).per_s,
        "accept_per_s_32": sorted(rates)[ROUNDS // 2],
        "accept_per_s_64": bench.load(bench.intake, 64, 4).per_s,
        "accept_floor_per_s_32": sorted(floors)[ROUNDS // 2],
        "accept_of_floor_32": sorted(rates)[ROUNDS // 2] / sorted(floors)[ROUNDS // 2],
        "accept_cpu_s_per_1000": sum(per_1000.values()),
        **{f"accept_cpu_{part}_s_per_1000": cost for part, cost in per_1000.items()},
        "accept_cpu_nats_s_per_1000": nats,
        "accept_load_cpu_s_per_1000": load_cpu / accepted * 1000,
    }
    bench.quiet()
    return found


MEASUREMENT = Measurement(
    "acceptance",
    "Complaints accepted, beside the floor: the same schema and server, nothing stored.",
    ORDINARY,
    measure,
    {
        "accept_of_floor_32": Aim(0.70, at_least=True),
        "accept_cpu_s_per_1000": Aim(0.6),
    },
)
