"""Severity is the worst of three dimensions, and nothing lowers it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin_cases.casework import clocks, severity
from tocsin_cases.casework.severity import Severity
from tocsin_contracts import taxonomy
from tocsin_contracts.events.complaints import Headcount

CODES = taxonomy.shipped().codes
issues = st.lists(st.sampled_from(CODES), min_size=1, max_size=5)
scores = st.integers(1, 5)
severities = st.builds(Severity, scores, scores, scores)


@pytest.mark.parametrize(
    ("scale", "scope", "irremediability", "value"),
    [(1, 1, 1, 1), (5, 1, 1, 5), (1, 4, 1, 4), (1, 1, 3, 3), (2, 3, 4, 4)],
)
def test_any_dimension_alone_makes_it_grave(
    scale: int, scope: int, irremediability: int, value: int
) -> None:
    assert Severity(scale, scope, irremediability).value == value


@given(issues, st.sampled_from(Headcount))
def test_it_is_never_less_than_the_gravest_issue(
    known: list[taxonomy.Issue], affected: Headcount
) -> None:
    found = severity.of(known, affected)

    assert found.scale == max(one.scale for one in known)
    assert found.irremediability == max(one.irremediability for one in known)
    assert found.value >= found.scope == severity.SCOPE[affected]


@given(severities, severities)
def test_another_complaint_never_lowers_it(one: Severity, other: Severity) -> None:
    assert one.worst(other).value >= max(one.value, other.value)
    assert one.worst(other) == other.worst(one)


def test_more_people_are_never_less_grave() -> None:
    in_order = [Headcount.UNDER_10, Headcount.TENS, Headcount.HUNDREDS, Headcount.THOUSANDS]

    assert [severity.SCOPE[one] for one in in_order] == sorted(severity.SCOPE.values())[1:]


def test_a_complaint_is_acknowledged_within_seven_days() -> None:
    received = datetime(2026, 2, 24, 9, 30, tzinfo=UTC)

    assert clocks.acknowledge_by(received) == datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
