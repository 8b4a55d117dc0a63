"""How long it takes from an alert's release to its arrival at a buyer's endpoint."""

from bench import OPEN_CASES, Bench, percentiles
from measurement import Aim, Found, Measurement
from world import RELEASING

from tocsin_contracts.streams import CASES


def measure(bench: Bench) -> Found:
    """From the commit that releases an alert to its arrival, with the complaints behind it."""
    bench.world.subscribe()
    found: Found = {}
    fresh = OPEN_CASES
    for rate, seconds in ((10, 10), (100, 5)):
        known = bench.questions.commits(CASES, "alert")
        bench.load(bench.intake, 16, seconds, rate=rate, first=fresh)
        bench.quiet()
        count = rate * seconds
        bench.until(lambda: bench.questions.count(CASES, "alert") == len(known) + count)  # noqa: B023
        released = bench.questions.commits(CASES, "alert")
        new = released.keys() - known
        arrived = bench.arrivals(new)
        found |= percentiles("alert", rate, [arrived[one] - released[one] for one in new])
        fresh += count
    return found


MEASUREMENT = Measurement(
    "alert_latency",
    "From an alert's release to a buyer's endpoint.",
    RELEASING,
    measure,
    {"alert_p50_ms_10": Aim(10), "alert_p99_ms_100": Aim(60)},
)
