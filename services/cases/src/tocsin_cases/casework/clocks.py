"""Deadlines, computed from what happened."""

from datetime import datetime, timedelta

ACKNOWLEDGE_WITHIN = timedelta(days=7)  # Directive (EU) 2019/1937, article 9(1)(b)
FEEDBACK_WITHIN = timedelta(days=90)  # the same, 9(1)(f): three months after acknowledging
DANGER_WITHIN = timedelta(hours=4)  # somebody has taken it on (protection D9)
RETALIATION_WITHIN = timedelta(hours=24)  # the same


def acknowledge_by(received_at: datetime) -> datetime:
    """When a complaint must have been acknowledged."""
    return received_at + ACKNOWLEDGE_WITHIN
