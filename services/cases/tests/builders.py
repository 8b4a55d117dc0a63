"""Invented suppliers and complaints for tests."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tocsin_cases.registry.schemas import ListedFacility
from tocsin_common.sealing import Box
from tocsin_contracts.events.complaints import ComplaintReceived, Consent, Reported
from tocsin_contracts.ids import CROCKFORD, new_amber_id

HOTLINE = UUID("01900000-0000-7000-8000-000000000001")
OTHER_HOTLINE = UUID("01900000-0000-7000-8000-000000000002")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
APRIL, MAY = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
GIVEN, NOT_ASKED, REFUSED = Consent.GIVEN, Consent.NOT_ASKED, Consent.REFUSED


def an_os_id(number: int, country: str = "VN") -> str:
    """A well-formed Open Supply Hub id."""
    plain = f"{country}2021113{number:05d}"
    total = ord(plain[0]) + ord(plain[1]) + sum(CROCKFORD.index(one) for one in plain[2:])
    return plain + CROCKFORD[total % 32]


def a_facility(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A row of a supplier list."""
    return {
        "os_id": an_os_id(number),
        "name": f"Silver Heron Assembly {number}",
        "country": "VN",
        "address": f"{number} Lotus Road",
        "organisations": [
            {"name": "Silver Heron Electronics", "role": "operator", "country": "VN"},
            {"name": "Nimbus Computers", "role": "brand"},
        ],
    } | changes


def a_supplier_list(rows: Iterable[dict[str, Any]]) -> list[ListedFacility]:
    return [ListedFacility.model_validate(row) for row in rows]


def a_complaint(
    box: Box,
    number: int = 1,
    *,
    source: str | None = "worker-1",
    kind: str = "phone",
    before: Iterable[str] = (),
    facility_name: str | None = None,
    facility_address: str | None = None,
    **changes: Any,
) -> ComplaintReceived:
    """A complaint about the facility of that number, as intake tells it."""
    reported = Reported(
        facility_name=facility_name or f"silver heron assembly {number}",
        facility_address=facility_address,
        source_kind=kind if source else None,
        source_tag=source.encode() if source else None,
        source_tags_before=tuple(one.encode() for one in before),
    )
    return ComplaintReceived.model_validate(
        {
            "complaint_id": new_amber_id(),
            "integration_id": HOTLINE,
            "occurred_at": MONDAY,
            "channel": "phone",
            "os_id": an_os_id(number),
            "country": "VN",
            "issues": ("wages.unpaid",),
            "share": Consent.GIVEN,
            "genuine": True,
            "sealed": box.seal(reported.model_dump_json().encode()),
        }
        | changes
    )
