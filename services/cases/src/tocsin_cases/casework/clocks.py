"""Deadlines, computed from what happened."""

from datetime import datetime, timedelta

ACKNOWLEDGE_WITHIN = timedelta(days=7)  # Directive (EU) 2019/1937, article 9(1)(b)


def acknowledge_by(received_at: datetime) -> datetime:
    """When a complaint must have been acknowledged."""
    return received_at + ACKNOWLEDGE_WITHIN
