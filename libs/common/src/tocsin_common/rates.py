"""How often somebody may ask, and how they are told (RateLimit header fields, draft 11)."""

from http import HTTPStatus
from math import ceil
from time import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from tocsin_common.problems import Problem

HEADERS = "rate_headers"
"""Where a request's state holds what its answer says of the rate."""


class TooManyRequests(Problem):
    """Nothing was done: they come faster than was agreed."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"
    detail = "Nothing was done. Wait as long as `Retry-After` says, then send it again."


class Rates:
    """Counts requests by the minute in this process's memory, for each caller that has a limit."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._items: dict[int, RateLimitItem] = {}

    def take(self, who: str, per_minute: int) -> list[tuple[bytes, bytes]]:
        """Count a request; return the header fields that its answer carries.

        Raises:
            TooManyRequests: the minute's requests are used up.
        """
        item = self._items.setdefault(per_minute, RateLimitItemPerMinute(per_minute))
        within = self._limiter.hit(item, who)
        stats = self._limiter.get_window_stats(item, who)
        wait = max(ceil(stats.reset_time - time()), 0)
        fields = {
            "RateLimit-Policy": f'"default";q={per_minute};w=60',
            "RateLimit": f'"default";r={max(stats.remaining, 0)};t={wait}',
        }
        if not within:
            raise TooManyRequests(headers=fields | {"Retry-After": str(max(wait, 1))})
        return [(name.lower().encode(), value.encode()) for name, value in fields.items()]
