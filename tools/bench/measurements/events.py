"""How many events a second go through cases with its real rules, from a full stream."""

from bench import Bench
from measurement import Aim, Found, Measurement
from world import ORDINARY

from tocsin_contracts.streams import CASES, INTAKE


def measure(bench: Bench) -> Found:
    """Fill the stream while cases is away, and see by their commits how fast they are filed."""
    cases = bench.world.stack.services[CASES]
    known = bench.questions.commits(CASES, "complaint").keys()
    cases.stop()
    bench.load(bench.intake, 64, 8)
    bench.until(lambda: bench.questions.count(INTAKE, "outbox") == 0)
    cases.start()
    bench.quiet()
    filed = bench.questions.commits(CASES, "complaint")
    when = sorted(at for one, at in filed.items() if one not in known)
    warm = when[len(when) // 10 :]  # the first tenth prepares statements
    return {"events_per_s": len(warm) / (warm[-1] - warm[0])}


MEASUREMENT = Measurement(
    "events",
    "Events through cases with its real rules, from a full stream.",
    ORDINARY,
    measure,
    {"events_per_s": Aim(5000, at_least=True)},
)
