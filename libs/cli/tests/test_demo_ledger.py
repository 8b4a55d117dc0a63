"""The demo's ledger balances only when it should."""

from collections import Counter
from dataclasses import replace

import pytest

from tocsin_cli.demo.ledger import (
    Expected,
    Foreseen,
    Handed,
    Seen,
    Subject,
    Version,
    Webhook,
    balance,
)

WAGES = Subject(frozenset({"Silver Heron Electronics"}), "VN", "wages")
SAFETY = Subject(frozenset({"Blue Mangrove"}), "MY", "safety")
FIRST, ENDED, OTHER = Version("a", 1), Version("a", 2), Version("b", 1)


def a_webhook(version: Version, webhook_id: str, **changes: object) -> Webhook:
    body = f'{{"alert": "{version.alert_id}", "version": {version.number}}}'.encode()
    return replace(Webhook("register", webhook_id, version, body, genuine=True), **changes)


EXPECTED = Expected(
    sent=4,
    alerts=Counter([Foreseen(WAGES), Foreseen(WAGES, 2), Foreseen(SAFETY)]),
    deliveries=Counter([("register", Foreseen(WAGES)), ("register", Foreseen(WAGES, 2))]),
    visible=Counter(
        [
            ("city", Foreseen(WAGES)),
            ("city", Foreseen(WAGES, 2)),
            ("city", Foreseen(SAFETY)),
        ]
    ),
)
SEEN = Seen(
    handed=[
        Handed("line", "1", frozenset({"c1"})),
        Handed("line", "2", frozenset({"c2"})),
        Handed("whatsapp", "m1"),
        Handed("whatsapp", "m2"),
    ],
    in_cases={"line": ["c1", "c1", "c2"], "whatsapp": ["w1", "w2"]},
    counted_in_cases=4,
    alerts={FIRST: WAGES, ENDED: WAGES, OTHER: SAFETY},
    webhooks=[a_webhook(FIRST, "d1"), a_webhook(FIRST, "d1"), a_webhook(ENDED, "d2")],
    visible={"city": frozenset({FIRST, ENDED, OTHER}), "region": frozenset()},
    kills=2,
)


def test_what_came_once_balances_and_the_same_id_again_is_only_a_repeat() -> None:
    ledger = balance(EXPECTED, SEEN)

    assert ledger.balanced
    assert ledger.as_json(12.34) == {
        "sent": 4,
        "accepted": 4,
        "in_cases": 4,
        "counted_in_cases": 4,
        "alerts_raised": 2,
        "expected_deliveries": 2,
        "delivered": 2,
        "in_portal": 3,
        "duplicates": 0,
        "repeats": 1,
        "lost": 0,
        "unforeseen": 0,
        "overtaken": 0,
        "forged": 0,
        "kills": 2,
        "fewest_kills": 2,
        "seconds": 12.3,
        "balanced": True,
    }


@pytest.mark.parametrize(
    ("what_happened", "seen", "counted", "times"),
    [
        ("a delivery is dropped", replace(SEEN, webhooks=SEEN.webhooks[:2]), "lost", 1),
        (
            "a delivery comes under two ids",
            replace(SEEN, webhooks=[*SEEN.webhooks, a_webhook(ENDED, "d3")]),
            "duplicates",
            1,
        ),
        (
            "one id brings two bodies",
            replace(SEEN, webhooks=[*SEEN.webhooks, a_webhook(ENDED, "d2", body=b"other")]),
            "duplicates",
            1,
        ),
        (
            "somebody hears what they did not ask for",
            replace(SEEN, webhooks=[*SEEN.webhooks, a_webhook(OTHER, "d3")]),
            "unforeseen",
            1,
        ),
        (
            "a webhook tells of an alert that cases never raised",
            replace(SEEN, webhooks=[*SEEN.webhooks, a_webhook(Version("x", 1), "d3")]),
            "unforeseen",
            1,
        ),
        (
            "the end is told before the beginning",
            replace(SEEN, webhooks=[a_webhook(ENDED, "d2"), a_webhook(FIRST, "d1")]),
            "overtaken",
            1,
        ),
        (
            "a signature does not verify",
            replace(SEEN, webhooks=[*SEEN.webhooks[:2], a_webhook(ENDED, "d2", genuine=False)]),
            "forged",
            1,
        ),
        (
            "a complaint that was answered with its id is not in cases",
            replace(SEEN, in_cases={**SEEN.in_cases, "line": ["c1"]}, counted_in_cases=3),
            "lost",
            1,
        ),
        (
            "a complaint was replaced by another one",
            replace(SEEN, in_cases={**SEEN.in_cases, "line": ["c1", "c9"]}),
            "lost",
            1,
        ),
        (
            "a message is not in cases",
            replace(SEEN, in_cases={**SEEN.in_cases, "whatsapp": ["w1"]}, counted_in_cases=3),
            "lost",
            1,
        ),
        (
            "a message became two complaints",
            replace(
                SEEN, in_cases={**SEEN.in_cases, "whatsapp": ["w1", "w2", "w3"]}, counted_in_cases=5
            ),
            "duplicates",
            1,
        ),
        (
            "one reference was answered with two ids",
            replace(SEEN, handed=[Handed("line", "1", frozenset({"c1", "c9"})), *SEEN.handed[1:]]),
            "duplicates",
            1,
        ),
        (
            "two complaints were answered with one id",
            replace(SEEN, handed=[SEEN.handed[1], *SEEN.handed[1:]]),
            "lost",
            1,
        ),
        (
            "an alert that enough had complained for is not raised",
            replace(
                SEEN,
                alerts={FIRST: WAGES, ENDED: WAGES},
                visible={"city": frozenset({FIRST, ENDED})},
            ),
            "lost",
            2,  # and so it is not in the portal
        ),
        (
            "an alert is raised although too few complained",
            replace(SEEN, alerts={**SEEN.alerts, Version("c", 1): SAFETY}),
            "unforeseen",
            1,
        ),
        (
            "the portal hides an alert",
            replace(SEEN, visible={"city": frozenset({FIRST, ENDED})}),
            "lost",
            1,
        ),
        (
            "the portal shows an alert to who has not signed",
            replace(SEEN, visible={**SEEN.visible, "region": frozenset({FIRST})}),
            "unforeseen",
            1,
        ),
        ("nothing was killed", replace(SEEN, kills=0), "kills", 0),
        ("a complaint was never accepted", replace(SEEN, handed=SEEN.handed[:3]), "accepted", 3),
        ("cases counts otherwise than it lists", replace(SEEN, counted_in_cases=5), "lost", 0),
    ],
)
def test_it_does_not_balance_when(what_happened: str, seen: Seen, counted: str, times: int) -> None:
    ledger = balance(EXPECTED, seen)

    assert not ledger.balanced, what_happened
    assert ledger.problems
    assert getattr(ledger, counted) == times


def test_where_nothing_can_be_killed_nothing_has_to_be() -> None:
    assert balance(replace(EXPECTED, fewest_kills=0), replace(SEEN, kills=0)).balanced
