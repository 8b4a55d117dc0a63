"""How long it takes from a complaint's 201 to its case."""

from bench import Bench, percentiles
from measurement import Aim, Found, Measurement
from world import ORDINARY

from tocsin_contracts.streams import CASES, INTAKE


def measure(bench: Bench) -> Found:
    """From the commit before the 201 to the commit that files it in its case."""
    found: Found = {}
    for rate, seconds in ((10, 10), (100, 10)):
        known = bench.questions.commits(CASES, "complaint")
        bench.load(bench.intake, 16, seconds, rate=rate)
        bench.quiet()
        filed = bench.questions.commits(CASES, "complaint")
        # A complaint's own row changes when its status is shown; its data key's never does.
        accepted = bench.questions.commits(INTAKE, "data_key", "complaint_id")
        took = [filed[one] - accepted[one] for one in filed.keys() - known]
        found |= percentiles("case", rate, took)
    return found


MEASUREMENT = Measurement(
    "case_latency",
    "From a complaint's 201 to its case.",
    ORDINARY,
    measure,
    {"case_p50_ms_10": Aim(10), "case_p99_ms_100": Aim(60)},
)
