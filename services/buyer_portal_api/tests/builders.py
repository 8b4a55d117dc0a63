"""Alerts, registry entries and deliveries to tell the portal in tests; all of it invented."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from tocsin_common.signatures import Signer
from tocsin_contracts.alerts import (
    Alert,
    AlertState,
    Ask,
    Level,
    NamedFacility,
    NamedOrganisation,
    SupplierPosition,
)
from tocsin_contracts.events.alerts import AlertRaised, AlertTold
from tocsin_contracts.events.deliveries import DeliverySettled, DeliverySucceeded
from tocsin_contracts.events.registry import (
    FacilityChanged,
    LinkChanged,
    OrganisationChanged,
    Role,
)

SLOT = datetime(2031, 3, 4, 12, tzinfo=UTC)


def a_slot(number: int) -> datetime:
    """The slots of a calendar, one after the other."""
    return SLOT + timedelta(days=number)


def named(organisation_id: UUID, name: str = "Lantern Assembly") -> NamedOrganisation:
    return NamedOrganisation(organisation_id=organisation_id, name=name, roles=("operator",))


def an_alert(*organisation_ids: UUID, **changes: Any) -> Alert:
    """A confirmed alert about these organisations."""
    alert: dict[str, Any] = {
        "alert_id": uuid4(),
        "version": 1,
        "state": AlertState.ACTIVE,
        "level": Level.BUYERS_CONFIRMED,
        "slot": SLOT,
        "organisations": tuple(named(one) for one in organisation_ids),
        "country": "TH",
        "issue_group": "wages",
        "severity": 3,
        "ask": Ask.ENGAGE_SUPPLIER,
        "supplier_position": SupplierPosition.REMEDYING,
        "review_by": date(2031, 9, 1),
        "facility": NamedFacility(facility_id=uuid4(), name="Lantern Assembly, Plant 2"),
        "issues": ("wages.unpaid",),
    }
    return Alert(**(alert | changes))


def unverified(*organisation_ids: UUID, **changes: Any) -> Alert:
    """An alert nobody has confirmed: coarse, and confidential."""
    coarse: dict[str, Any] = {
        "level": Level.BUYERS_UNVERIFIED,
        "ask": Ask.PREPARE,
        "supplier_position": SupplierPosition.NOT_ASKED,
        "facility": None,
        "issues": (),
    }
    return an_alert(*organisation_ids, **(coarse | changes))


def told(alert: Alert, signer: Signer, as_fact: type[AlertTold] = AlertRaised) -> AlertTold:
    """The event in which cases tells an alert."""
    statement = alert.model_dump_json()
    return as_fact(
        alert_id=alert.alert_id,
        version=alert.version,
        occurred_at=alert.slot,
        statement=statement,
        signature=signer.sign(statement),
        key_id=signer.key_id,
    )


def an_organisation(organisation_id: UUID, name: str, **changes: Any) -> OrganisationChanged:
    return OrganisationChanged.model_validate(
        {"organisation_id": organisation_id, "name": name, "occurred_at": SLOT} | changes
    )


def a_facility(facility_id: UUID, name: str, **changes: Any) -> FacilityChanged:
    return FacilityChanged.model_validate(
        {"facility_id": facility_id, "name": name, "country": "TH", "occurred_at": SLOT} | changes
    )


def a_link(organisation_id: UUID, facility_id: UUID, **changes: Any) -> LinkChanged:
    link = {
        "link_id": uuid4(),
        "facility_id": facility_id,
        "organisation_id": organisation_id,
        "role": Role.OPERATOR,
        "occurred_at": SLOT,
    }
    return LinkChanged.model_validate(link | changes)


def a_delivery(
    alert: Alert,
    buyer_id: UUID,
    as_fact: type[DeliverySettled] = DeliverySucceeded,
    **changes: Any,
) -> DeliverySettled:
    delivery = {
        "delivery_id": uuid4(),
        "buyer_id": buyer_id,
        "endpoint_id": uuid4(),
        "alert_id": alert.alert_id,
        "alert_version": alert.version,
        "attempts": 1,
        "occurred_at": SLOT + timedelta(seconds=1),
    }
    return as_fact.model_validate(delivery | changes)
