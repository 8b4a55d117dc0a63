"""Who asks too often is told so, and how long to wait."""

import re

import pytest

from tocsin_common.rates import Rates, TooManyRequests


def test_the_minutes_requests_are_counted_down_and_then_refused() -> None:
    rates = Rates()

    left = [dict(rates.take("heron", 3))[b"ratelimit"].decode() for _ in range(3)]
    with pytest.raises(TooManyRequests) as refused:
        rates.take("heron", 3)

    assert [re.sub(";t=.*", "", one) for one in left] == [f'"default";r={n}' for n in (2, 1, 0)]
    assert all(0 < int(one.rpartition("=")[2]) <= 60 for one in left)
    assert refused.value.headers["RateLimit-Policy"] == '"default";q=3;w=60'
    assert refused.value.headers["RateLimit"].startswith('"default";r=0;t=')
    assert 0 < int(refused.value.headers["Retry-After"]) <= 60


def test_one_callers_requests_are_not_anothers() -> None:
    rates = Rates()
    rates.take("heron", 1)

    assert dict(rates.take("egret", 1))[b"ratelimit-policy"] == b'"default";q=1;w=60'
