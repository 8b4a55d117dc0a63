"""When to start again what has died."""

FIRST, LONGEST = 0.2, 30.0
CALM = 60.0  # seconds of running after which earlier deaths are forgotten


def delay(deaths: int) -> float:
    """Seconds to wait after the nth death in a row: doubling, to half a minute."""
    return min(FIRST * 2 ** min(deaths - 1, 16), LONGEST)
