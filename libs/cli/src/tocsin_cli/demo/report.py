"""The end of the play, told: a ledger, latencies, and what does not balance."""

from collections.abc import Sequence
from typing import Any

from tocsin_cli import output
from tocsin_cli.demo.play import Played


def as_json(played: Played, seconds: float) -> dict[str, Any]:
    """One flat object, and beside it what the latencies were."""
    latencies = {
        name.replace(" ", "_").lower(): {
            "p50_ms": milliseconds(values, 0.5),
            "p99_ms": milliseconds(values, 0.99),
        }
        for name, values in played.latencies.items()
    }
    return {
        **played.ledger.as_json(seconds),
        "problems": played.ledger.problems,
        "latencies": latencies,
    }


def show(played: Played, seconds: float) -> None:
    """Print everything for people."""
    ledger = played.ledger
    output.show_rows(
        ("ledger", "", ""),
        [
            ("complaints handed in", ledger.sent, "each under its hotline's own reference"),
            ("accepted", ledger.accepted, "answered 201, or 200 to WhatsApp"),
            ("in cases", ledger.in_cases, "matched, proposed, or waiting for a person"),
            ("alerts raised", ledger.alerts_raised, "signed, in slots"),
            ("deliveries expected", ledger.expected_deliveries, "foreseen from what was sent"),
            ("delivered", ledger.delivered, "alert version and endpoint, each signature verified"),
            ("in the portal", ledger.in_portal, "alert versions the buyer sees"),
            ("repeats", ledger.repeats, "the same id and bytes again: allowed"),
            ("duplicates", ledger.duplicates, "must be none"),
            ("lost", ledger.lost, "must be none"),
            ("unforeseen", ledger.unforeseen, "must be none: told against the rules"),
        ],
    )
    output.say("")
    output.show_rows(
        ("latency", "median", "99 %", "worst", "of"),
        [
            (name, *(_ms(milliseconds(values, q)) for q in (0.5, 0.99, 1.0)), len(values))
            for name, values in played.latencies.items()
        ],
    )
    output.say("")
    output.show_rows(
        ("killed", "when", "ready again"),
        [(one.part, one.when, _away(one.away)) for one in played.kills if one.at is not None],
    )
    output.say("")
    for note in played.notes:
        output.say(note)
    output.say(_verdict(played, seconds))


def milliseconds(seconds: Sequence[float], share: float) -> int | None:
    """The value below which this share of the values lies."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000)


def _verdict(played: Played, seconds: float) -> str:
    if played.ledger.balanced:
        return f"The ledger is balanced, after {seconds:.1f} s."
    return f"THE LEDGER IS NOT BALANCED: {'; '.join(played.ledger.problems)}."


def _ms(value: int | None) -> str:
    return "" if value is None else f"{value} ms"


def _away(seconds: float | None) -> str:
    return "never" if seconds is None else f"after {seconds:.1f} s"
