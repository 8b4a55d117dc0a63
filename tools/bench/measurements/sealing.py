"""What sealing adds to acceptance: an intake as it is, beside one that seals nothing."""

from bench import HERE, Bench
from beside import an_intake
from measurement import Aim, Found, Measurement
from world import ORDINARY

ROUNDS = 10
SECONDS = 2.0


def measure(bench: Bench) -> Found:
    """Alternate short rounds, another one first each time, so that no drift favours either.

    Time counts all that works on the machine meanwhile; CPU is that of intake's process alone.
    """
    with (
        an_intake(bench, "sealing", "-m", "tocsin_intake") as sealing,
        an_intake(bench, "unsealed", str(HERE / "unsealed.py")) as unsealed,
    ):
        for one in (sealing, unsealed):
            bench.load(f"{one.url}/v1/complaints", 32, SECONDS)
        bench.quiet()
        for number in range(ROUNDS):
            for one in (sealing, unsealed) if number % 2 else (unsealed, sealing):
                one.accept(SECONDS)
    return {
        "sealing_accept_per_s_32": sealing.per_s,
        "sealing_accept_per_s_32_without": unsealed.per_s,
        "sealing_cpu_s_per_1000": sealing.cpu_s_per_1000,
        "sealing_cpu_s_per_1000_without": unsealed.cpu_s_per_1000,
        "sealing_adds_to_time": unsealed.per_s / sealing.per_s - 1,
        "sealing_adds_to_cpu": sealing.cpu_s_per_1000 / unsealed.cpu_s_per_1000 - 1,
    }


MEASUREMENT = Measurement(
    "sealing",
    "What sealing adds to acceptance: an intake as it is, beside one that seals nothing.",
    ORDINARY,
    measure,
    {"sealing_adds_to_time": Aim(0.10)},
)
