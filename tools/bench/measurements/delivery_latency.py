"""How long it takes from the commit that plans a delivery to its arrival."""

import os
import subprocess
import sys

from bench import HERE, Bench, percentiles
from measurement import Aim, Found, Measurement
from world import ORDINARY

from tocsin_contracts.streams import CASES, NOTIFICATIONS

RATE, SECONDS = 10, 15


def measure(bench: Bench) -> Found:
    """Alerts told one by one, each to one endpoint; commit times are PostgreSQL's own."""
    bench.world.subscribe()
    count = bench.questions.count
    bench.until(lambda: count(NOTIFICATIONS, "subscription") > 0)
    [row] = bench.questions.ask(NOTIFICATIONS, "select organisation_id from reach limit 1")
    stack = bench.world.stack
    environment = {
        **os.environ,
        **stack.secrets.environment(CASES),
        "TOCSIN_NATS_URL": stack.nats.url,
    }
    numbers = map(str, (RATE * SECONDS, RATE, row[0]))
    command = [sys.executable, str(HERE / "announcer.py"), *numbers]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    alerts = set(done.stdout.decode().split())
    arrived = bench.arrivals(alerts)
    planned = bench.questions.commits(NOTIFICATIONS, "alert_version", "alert_id")
    return percentiles("delivery", RATE, [arrived[one] - planned[one] for one in alerts])


MEASUREMENT = Measurement(
    "delivery_latency",
    "From the commit that plans a delivery to its arrival.",
    ORDINARY,
    measure,
    {f"delivery_p50_ms_{RATE}": Aim(10)},
)
