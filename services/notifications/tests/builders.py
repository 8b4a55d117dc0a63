"""Invented alerts for tests."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from tocsin_contracts.alerts import (
    Alert,
    AlertState,
    Ask,
    Level,
    NamedFacility,
    NamedOrganisation,
    SupplierPosition,
)

SLOT = datetime(2026, 3, 3, 12, tzinfo=UTC)


def an_organisation(organisation_id: UUID | None = None, *roles: str) -> NamedOrganisation:
    return NamedOrganisation(
        organisation_id=organisation_id or uuid4(),
        name="Crunchy Armchair Electronics",
        roles=roles or ("operator",),
    )


def a_facility() -> NamedFacility:
    return NamedFacility(facility_id=uuid4(), name="Silver Heron Assembly")


def an_alert(**changes: Any) -> Alert:
    return Alert.model_validate(
        {
            "alert_id": uuid4(),
            "version": 1,
            "state": AlertState.ACTIVE,
            "level": Level.BUYERS_CONFIRMED,
            "slot": SLOT,
            "organisations": (an_organisation(),),
            "country": "VN",
            "issue_group": "wages",
            "severity": 3,
            "ask": Ask.ENGAGE_SUPPLIER,
            "supplier_position": SupplierPosition.SILENT,
            "review_by": date(2026, 9, 1),
            "facility": a_facility(),
            "issues": ("wages.unpaid",),
        }
        | changes
    )


def an_unverified_alert(**changes: Any) -> Alert:
    hidden = {"level": Level.BUYERS_UNVERIFIED, "facility": None, "issues": ()}
    return an_alert(**(hidden | changes))
