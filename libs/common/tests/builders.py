"""Invented events for tests."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tocsin_contracts.events.alerts import AlertRaised
from tocsin_contracts.events.cases import ComplaintStatus, ComplaintStatusChanged
from tocsin_contracts.events.complaints import ComplaintReceived
from tocsin_contracts.events.registry import OrganisationChanged


def a_complaint(**changes: Any) -> ComplaintReceived:
    """What intake tells and cases hears. Amber."""
    facts: dict[str, Any] = {
        "complaint_id": uuid4(),
        "integration_id": uuid4(),
        "occurred_at": datetime.now(UTC),
        "channel": "phone",
        "issues": ("wages.unpaid",),
        "sealed": b"sealed" * 40,
    }
    return ComplaintReceived(**facts | changes)


def a_status(**changes: Any) -> ComplaintStatusChanged:
    """What cases tells and intake hears. Amber."""
    facts: dict[str, Any] = {
        "complaint_id": uuid4(),
        "occurred_at": datetime.now(UTC),
        "status": ComplaintStatus.IN_REVIEW,
    }
    return ComplaintStatusChanged(**facts | changes)


def an_alert(**changes: Any) -> AlertRaised:
    """What cases tells buyers. Green."""
    facts: dict[str, Any] = {
        "alert_id": uuid4(),
        "occurred_at": datetime(2030, 1, 1, tzinfo=UTC),
        "statement": '{"level": "buyers_unverified"}',
        "signature": b"s" * 64,
        "key_id": "0123456789abcdef",
    }
    return AlertRaised(**facts | changes)


def an_organisation(**changes: Any) -> OrganisationChanged:
    """What cases tells about its registry. Green."""
    facts: dict[str, Any] = {
        "organisation_id": uuid4(),
        "occurred_at": datetime(2030, 1, 1, tzinfo=UTC),
        "name": "Silver Heron Assembly",
    }
    return OrganisationChanged(**facts | changes)
